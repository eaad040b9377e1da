using System.Text.Json;
using KeycloakAccess.Explanation;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.AuthZen;

internal static class AuthZenReader
{
    public static AccessQuestion? Read(EvaluationRequest request, Mistakes mistakes)
    {
        Check(request.Subject, mistakes);
        Check(request.Action, mistakes);
        Check(request.Resource, mistakes);
        return Create(request, mistakes, scopes => new AccessQuestion(
            request.Subject!.Id!,
            new Permission(request.Resource!.Type!, request.Action!.Name!),
            request.Resource.Id!,
            request.Subject.Type!,
            scopes));
    }

    /// <summary>A default may be left out, but must be complete if it is given.</summary>
    public static bool CheckDefaults(EvaluationRequest request, Mistakes mistakes)
    {
        if (request.Subject is not null)
        {
            Check(request.Subject, mistakes);
        }

        if (request.Action is not null)
        {
            Check(request.Action, mistakes);
        }

        if (request.Resource is not null)
        {
            Check(request.Resource, mistakes);
        }

        return !mistakes.Any;
    }

    public static AccessQuestion? Read(SubjectSearchRequest request, Mistakes mistakes)
    {
        Check(request.Subject, "subject", mistakes);
        Check(request.Action, mistakes);
        Check(request.Resource, mistakes);
        return Create(request, mistakes, scopes => new AccessQuestion(
            "", new Permission(request.Resource!.Type!, request.Action!.Name!), request.Resource.Id!, request.Subject!.Type!, scopes));
    }

    public static AccessQuestion? Read(ResourceSearchRequest request, Mistakes mistakes)
    {
        Check(request.Subject, mistakes);
        Check(request.Action, mistakes);
        Check(request.Resource, "resource", mistakes);
        return Create(request, mistakes, scopes => new AccessQuestion(
            request.Subject!.Id!,
            new Permission(request.Resource!.Type!, request.Action!.Name!),
            AccessQuestion.WholeModel,
            request.Subject.Type!,
            scopes));
    }

    public static AccessQuestion? Read(ActionSearchRequest request, Mistakes mistakes)
    {
        Check(request.Subject, mistakes);
        Check(request.Resource, mistakes);
        return Create(request, mistakes, scopes => new AccessQuestion(
            request.Subject!.Id!, new Permission(request.Resource!.Type!, ""), request.Resource.Id!, request.Subject.Type!, scopes));
    }

    private static AccessQuestion? Create(
        AccessContextRequest request, Mistakes mistakes, Func<HashSet<string>?, AccessQuestion> create)
    {
        var scopes = ReadScopes(request.Context, mistakes);
        return mistakes.Any ? null : create(scopes);
    }

    private static void Check(AccessSubjectRequest? subject, Mistakes mistakes) =>
        Require(mistakes, "subject", subject is not null, ("type", subject?.Type), ("id", subject?.Id));

    private static void Check(AccessActionRequest? action, Mistakes mistakes) =>
        Require(mistakes, "action", action is not null, ("name", action?.Name));

    private static void Check(AccessResourceRequest? resource, Mistakes mistakes) =>
        Require(mistakes, "resource", resource is not null, ("type", resource?.Type), ("id", resource?.Id));

    private static void Check(AccessTypeRequest? entity, string name, Mistakes mistakes) =>
        Require(mistakes, name, entity is not null, ("type", entity?.Type));

    private static void Require(Mistakes mistakes, string name, bool isThere, params ReadOnlySpan<(string Member, string? Value)> members)
    {
        if (!isThere)
        {
            mistakes.Add(name, $"{name} is missing.");
            return;
        }

        foreach (var (member, value) in members)
        {
            if (value is null)
            {
                mistakes.Add($"{name}.{member}", $"{name}.{member} is missing.");
            }
        }
    }

    // The scopes of an assumed token. A malformed value is refused: ignored, it would narrow nothing.
    private static HashSet<string>? ReadScopes(IReadOnlyDictionary<string, JsonElement>? context, Mistakes mistakes)
    {
        if (context is null || !context.TryGetValue("scopes", out var scopes) || scopes.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        JsonElement[] texts = scopes.ValueKind == JsonValueKind.Array ? [.. scopes.EnumerateArray()] : [scopes];
        if (!Array.TrueForAll(texts, text => text.ValueKind == JsonValueKind.String))
        {
            mistakes.Add("context.scopes", "context.scopes must be an array of texts, or one text with spaces between the scopes.");
            return null;
        }

        return texts
            .SelectMany(text => text.GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .ToHashSet(StringComparer.Ordinal);
    }
}
