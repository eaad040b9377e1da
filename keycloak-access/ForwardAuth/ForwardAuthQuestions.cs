using System.Collections.Concurrent;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.ForwardAuth;

/// <summary>What a proxy asks: whether a caller holds all of these permissions, the row shown, the scopes carried.</summary>
internal sealed record Question(IReadOnlyList<Permission?> Permissions, string? Row, IReadOnlyList<IReadOnlyList<string>>? Scopes)
{
    public AccessRequirement Requirement(Permission? permission) => new(permission, Scopes, RequiresScopes: Scopes is not null);
}

/// <summary>
/// The questions that proxies ask are few and come with each request: one that has been read is answered again without the endpoint, where
/// the answer is yes and no row is asked for.
/// </summary>
internal sealed class ForwardAuthQuestions
{
    // Anybody may ask any question.
    private const int Most = 1000;
    private const int Longest = 1000;

    private readonly ConcurrentDictionary<string, Question> _known = new(StringComparer.Ordinal);

    public void Remember(HttpRequest request, Question question)
    {
        if (question.Row is null && _known.Count < Most && (request.QueryString.Value ?? "") is { Length: <= Longest } query)
        {
            _known.TryAdd(query, question);
        }
    }

    /// <summary>False where the endpoint answers.</summary>
    public bool TryAnswer(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<Asked>() is null
            || !_known.TryGetValue(context.Request.QueryString.Value ?? "", out var question)
            || context.RequestServices.GetRequiredService<CurrentCaller>().Find(context) is not { } caller)
        {
            return false;
        }

        for (var index = 0; index < question.Permissions.Count; index++)
        {
            if (!caller.Decide(question.Requirement(question.Permissions[index])).IsAllowed)
            {
                return false;
            }
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
        IdentityHeaders.Write(context.Response.Headers, caller);
        return true;
    }

    /// <summary>Endpoint metadata.</summary>
    public sealed class Asked;
}

internal static class ForwardAuthShortcut
{
    /// <summary>After authorization, which has let the caller through.</summary>
    public static void UseForwardAuth(this WebApplication app)
    {
        var questions = app.Services.GetRequiredService<ForwardAuthQuestions>();
        app.Use((context, next) => questions.TryAnswer(context) ? Task.CompletedTask : next(context));
    }
}
