using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.BoundTokens;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Mvc;

namespace KeycloakAccess.ForwardAuth;

/// <summary>
/// Decides about requests to applications that are not this one. A proxy asks before it lets each of them through: nginx by
/// <c>auth_request</c>, Traefik by ForwardAuth, Caddy by <c>forward_auth</c>, Envoy by <c>ext_authz</c> over HTTP.
/// </summary>
internal static class ForwardAuthEndpoints
{
    public const string Path = "/access/forward-auth";

    private const char Separator = ',';

    private static readonly string[] Methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    public static void MapForwardAuth(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup(Path)
            .WithTags("Forward-auth")
            .WithMetadata(new AnswersPrograms())
            .RequireBearerOrSession()
            .ChangesNothing()
            .RequireEnabledAccount();

        group.MapGet("", CheckAsync)
            .WithMetadata(new ForwardAuthQuestions.Asked(), new OriginalRequest(ProxiedRequests.FindInHeaders))
            .WithName("ForwardAuth")
            .WithSummary("May the request that a proxy holds go through?")
            .WithDescription(
                "`permission` lists what the caller must hold; without it, any account that is enabled passes. `row` is the row that it is "
                + "about. `scopes` lists what a token must carry instead of the model's own scope. Lists have commas. It takes a token or "
                + "a session, and headers of the answer say whose: `Remote-Account`, `Remote-Subject`, `Remote-User`, `Remote-Kind` and "
                + "`Remote-Groups`.")
            .AcceptsQuery("permission", "row", "scopes")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesValidationProblem();
        // Envoy asks with the method of the request that it holds, appends its path and query, and takes nothing but 200 for a yes.
        group.MapMethods("/{permission}/{**rest}", Methods, CheckForEnvoyAsync)
            .WithMetadata(new OriginalRequest(ProxiedRequests.FindInPath))
            .ExcludeFromDescription();
    }

    private static async Task<IResult> CheckAsync(
        [AsParameters] ForwardAuthQuery query, Caller caller, PermissionCatalogue catalogue, RowCatalogue rows, HttpContext context)
    {
        if (Read(query, catalogue, out var mistake) is not { } question)
        {
            return mistake!;
        }

        context.RequestServices.GetRequiredService<ForwardAuthQuestions>().Remember(context.Request, question);
        return await RefuseAsync(question, caller, rows, context) ?? TypedResults.NoContent();
    }

    private static async Task<IResult> CheckForEnvoyAsync(
        string permission, Caller caller, PermissionCatalogue catalogue, RowCatalogue rows, HttpContext context) =>
        Read(new ForwardAuthQuery { Permission = permission }, catalogue, out var mistake) is { } question
            ? await RefuseAsync(question, caller, rows, context) ?? TypedResults.Ok()
            : mistake!;

    private static async Task<IResult?> RefuseAsync(Question question, Caller caller, RowCatalogue rows, HttpContext context)
    {
        foreach (var requirement in question.Requirements)
        {
            var decision = caller.Decide(requirement);
            if (decision.IsAllowed && question.Row is { } row && !await IsShownAsync(decision.Permission, row))
            {
                decision = new Decision(DecisionReason.RowHidden, decision.Permission, "");
            }

            if (!decision.IsAllowed)
            {
                return Refusals.Answer(context, caller, decision);
            }
        }

        IdentityHeaders.Write(context.Response.Headers, caller.Known);
        return null;

        // A row that is to be added is not there yet.
        async Task<bool> IsShownAsync(Permission permission, string row) =>
            permission.Action == Permission.Add
            || (rows.Find(permission.Model) is { } known
                && await known.ExistsAsync(row, RowSubject.FromCaller(caller), context.RequestAborted));
    }

    // A name that was mistyped in the settings of a proxy is a mistake, not a permission that nobody holds.
    private static Question? Read(ForwardAuthQuery query, PermissionCatalogue catalogue, out IResult? mistake)
    {
        mistake = null;
        var permissions = new List<Permission?>();
        foreach (var text in Split(query.Permission))
        {
            if (catalogue.Mistake(text, wildcards: false) is { } wrong)
            {
                mistake = QueryParameters.Mistake("permission", wrong);
                return null;
            }

            _ = Permission.TryParse(text, out var permission);
            permissions.Add(permission);
        }

        var scopes = Split(query.Scopes);
        if (scopes.Select(catalogue.ScopeMistake).OfType<string>().FirstOrDefault() is { } unknown)
        {
            mistake = QueryParameters.Mistake("scopes", unknown);
            return null;
        }

        if (query.Row is not null && permissions.DistinctBy(permission => permission!.Value.Model, StringComparer.Ordinal).Count() != 1)
        {
            mistake = QueryParameters.Mistake("row", "A row is one of one model: give permission too, of that model alone.");
            return null;
        }

        // Without a permission: what any enabled account may.
        return new Question(permissions is [] ? [null] : permissions, query.Row, scopes is [] ? null : [scopes]);
    }

    private static string[] Split(string? list) => list?.Split(Separator, StringSplitOptions.TrimEntries) ?? [];

    private sealed record ForwardAuthQuery
    {
        [FromQuery(Name = "permission")]
        public string? Permission { get; init; }

        [FromQuery(Name = "row")]
        public string? Row { get; init; }

        [FromQuery(Name = "scopes")]
        public string? Scopes { get; init; }
    }
}
