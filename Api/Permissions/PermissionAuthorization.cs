using Api.Hosting;
using Api.Keycloak;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Api.Permissions;

/// <summary>That the caller's account must be switched on, and hold a permission where one is named.</summary>
internal sealed record PermissionRequirement(Permission? Permission) : IAuthorizationRequirement;

/// <summary>Asks the evaluator, and nothing else.</summary>
internal sealed class PermissionHandler(CurrentCaller callers) : AuthorizationHandler<PermissionRequirement>
{
    protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, PermissionRequirement requirement)
    {
        // Nobody authenticated: the scheme's challenge answers, not a refusal.
        if (context.Resource is not HttpContext http || await callers.GetAsync(http) is not { } caller)
        {
            return;
        }

        var decision = requirement.Permission is { } permission
            ? caller.Decide(permission)
            : new Decision(caller.IsActive ? DecisionReason.Allowed : DecisionReason.AccountInactive, default, "");
        if (decision.IsAllowed)
        {
            context.Succeed(requirement);
        }
        else
        {
            context.Fail(new Refusal(this, caller, decision));
        }
    }
}

/// <summary>Carries the decision from the handler to the answer.</summary>
internal sealed class Refusal(IAuthorizationHandler handler, Caller caller, Decision decision)
    : AuthorizationFailureReason(handler, decision.Reason.ToString())
{
    public Caller Caller => caller;

    public Decision Decision => decision;
}

/// <summary>Endpoint metadata: how a route group shows a refusal, where it is not by problem details.</summary>
internal sealed record RefusalPage(Func<HttpContext, Decision, IResult> Render);

/// <summary>Answers a refused request: problem details that name what is missing, or the page of the route group.</summary>
internal sealed class RefusalResultHandler(IOptions<KeycloakOptions> options) : IAuthorizationMiddlewareResultHandler
{
    private readonly AuthorizationMiddlewareResultHandler _default = new();

    public async Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        var refusal = authorizeResult.AuthorizationFailure?.FailureReasons.OfType<Refusal>().FirstOrDefault();
        if (!authorizeResult.Forbidden || refusal is null)
        {
            await _default.HandleAsync(next, context, policy, authorizeResult);
            return;
        }

        RefusalRecords.Add(context, refusal.Caller, refusal.Decision);
        var page = context.GetEndpoint()?.Metadata.GetMetadata<RefusalPage>();
        var result = page is null ? Refusals.Answer(context, refusal.Decision, options.Value.Realm) : page.Render(context, refusal.Decision);
        await result.ExecuteAsync(context);
    }
}

/// <summary>The words of a refusal.</summary>
internal static class Refusals
{
    /// <returns>The code that stands in problem details and logs.</returns>
    public static string Code(DecisionReason reason) => reason switch
    {
        DecisionReason.Allowed => "allowed",
        DecisionReason.AccountInactive => "account_inactive",
        DecisionReason.ScopeMissing => "scope_missing",
        _ => "permission_missing",
    };

    public static string Detail(Decision decision) => decision.Reason switch
    {
        DecisionReason.AccountInactive => "Your account is switched off here. Ask somebody who manages accounts to switch it on.",
        DecisionReason.ScopeMissing =>
            $"Your groups allow {decision.Permission}, but the token was issued for less. Ask Keycloak for a token with the scope {decision.Scope}, or without any scope of this API.",
        _ => $"None of your groups grants {decision.Permission}. Ask for a role in Keycloak that is mapped to a group with it, or to be put into one here.",
    };

    /// <summary>403 problem details. A missing scope is announced as RFC 6750, section 3.1 says.</summary>
    public static IResult Answer(HttpContext context, Decision decision, string realm)
    {
        if (decision.Reason == DecisionReason.ScopeMissing)
        {
            context.Response.Headers[HeaderNames.WWWAuthenticate] =
                $"Bearer realm=\"{realm}\", error=\"insufficient_scope\", scope=\"{decision.Scope}\"";
        }

        return decision.Reason switch
        {
            DecisionReason.PermissionMissing => Refuse(("missingPermission", decision.Permission.ToString())),
            DecisionReason.ScopeMissing => Refuse(("missingScope", decision.Scope)),
            _ => Refuse(),
        };

        ProblemHttpResult Refuse(params ReadOnlySpan<(string, object?)> more) =>
            Problem.Of(StatusCodes.Status403Forbidden, Code(decision.Reason), Detail(decision), more);
    }
}
