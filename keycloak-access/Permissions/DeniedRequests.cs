using KeycloakAccess.Data;
using KeycloakAccess.Hosting;

namespace KeycloakAccess.Permissions;

// A 401 is not recorded: there is no account that a row could name, and whoever has none must not be able to fill the database.
internal static class DeniedRequests
{
    public static void Add(HttpContext context, Caller caller, Decision decision) => Add(
        context,
        caller,
        Refusals.Code(decision.Reason),
        decision.Permission == default ? null : decision.Permission,
        decision.Reason == DecisionReason.InsufficientScope ? decision.Scope : null);

    /// <summary>A person in the browser is not refused, but sent to Keycloak.</summary>
    public static void AddStepUp(HttpContext context, Caller caller)
    {
        if (!caller.Identity.IsSession)
        {
            Add(context, caller, ProblemCode.InsufficientUserAuthentication);
        }
    }

    public static void Add(
        HttpContext context,
        Caller caller,
        string code,
        Permission? permission = null,
        string? scope = null,
        IReadOnlyList<string>? missingPermissions = null)
    {
        var endpoint = context.GetEndpoint();
        permission ??= endpoint?.Metadata.GetMetadata<PermissionRequirement>()?.Permission;
        context.RequestServices.GetRequiredService<DeniedRequestLog>().Add(new DeniedRequest
        {
            Actor = caller.Actor,
            Model = permission?.Model,
            Action = permission?.Action,
            RowId = context.Request.RouteValues.GetValueOrDefault("id")?.ToString(),
            Code = code,
            Scope = scope,
            MissingPermissions = missingPermissions,
            HttpMethod = HeadRequests.MethodOf(context),
            Path = (endpoint as RouteEndpoint)?.RoutePattern.RawText ?? "",
        });
    }
}
