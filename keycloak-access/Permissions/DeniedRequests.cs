using KeycloakAccess.Data;

namespace KeycloakAccess.Permissions;

/// <summary>
/// Every 403 goes into the audit log from here. A 401 does not: nobody stands behind it whom a row could name, and
/// whoever has no account must not be able to fill the database.
/// </summary>
internal static class DeniedRequests
{
    /// <summary>A refusal by the evaluator.</summary>
    public static void Add(HttpContext context, Caller caller, Decision decision) => Add(
        context,
        caller,
        Refusals.Code(decision.Reason),
        decision.Permission == default ? null : decision.Permission,
        decision.Reason == DecisionReason.InsufficientScope ? decision.Scope : null);

    /// <summary>A refusal by anything else.</summary>
    /// <param name="context">The request.</param>
    /// <param name="caller">Who was refused.</param>
    /// <param name="code">Why, as in problem details.</param>
    /// <param name="permission">What was asked for; <see langword="null"/>: what the endpoint asks for.</param>
    /// <param name="scope">The scope that the token lacks.</param>
    /// <param name="missingPermissions">What the caller would have had to hold.</param>
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
            HttpMethod = context.Request.Method,
            Path = (endpoint as RouteEndpoint)?.RoutePattern.RawText ?? "",
        });
    }
}
