using System.Collections.Concurrent;
using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.BoundTokens;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.ForwardAuth;

/// <summary>What a proxy asks: whether a caller holds all of these permissions, the row shown, the scopes carried.</summary>
internal sealed record Question(IReadOnlyList<Permission?> Permissions, string? Row, IReadOnlyList<IReadOnlyList<string>>? Scopes)
{
    public AccessRequirement[] Requirements { get; } =
        [.. Permissions.Select(permission => new AccessRequirement(permission, Scopes, RequiresScopes: Scopes is not null))];
}

/// <summary>
/// The questions that proxies ask are few and come with each request: one that has been read is answered again without the framework's
/// authentication, authorization and the endpoint, where the token is known, the answer is yes and no row is asked for.
/// </summary>
internal sealed class ForwardAuthQuestions(
    AccessTokens tokens, ProofOfPossession possession, KnownAccounts accounts, PermissionCatalogue catalogue)
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

    /// <summary>False where the endpoint answers, and whatever comes before it.</summary>
    public bool TryAnswer(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<Asked>() is null
            || !_known.TryGetValue(context.Request.QueryString.Value ?? "", out var question)
            || !BearerHandler.TryReadToken(context.Request, out var text)
            || text is null
            || possession.IsRequiredOf(context)
            || tokens.Find(context, text) is not { } token
            || accounts.Find(token.Known!, token.State!) is not { } caller
            || !IsAllowed(question, caller.Subject)
            // What there are too many of is refused on the ordinary way.
            || accounts.Limit(caller) is not null)
        {
            return false;
        }

        accounts.Count(caller, isAllowed: true);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        IdentityHeaders.Write(context.Response.Headers, caller);
        return true;
    }

    private bool IsAllowed(Question question, Subject caller)
    {
        foreach (var requirement in question.Requirements)
        {
            if (!Decision.Evaluate(caller, requirement, catalogue).IsAllowed)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Endpoint metadata.</summary>
    public sealed class Asked;
}

internal static class ForwardAuthShortcut
{
    /// <summary>After routing, and before authentication, which it stands in for where it answers.</summary>
    public static void UseForwardAuth(this WebApplication app)
    {
        var questions = app.Services.GetRequiredService<ForwardAuthQuestions>();
        app.Use((context, next) => questions.TryAnswer(context) ? Task.CompletedTask : next(context));
    }
}
