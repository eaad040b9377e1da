using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Permissions;

/// <summary>Without a permission: any enabled account.</summary>
internal sealed record PermissionRequirement(Permission? Permission) : IAuthorizationRequirement;

/// <summary>Endpoint metadata. Any one set is enough; without any, the scope of the model.</summary>
internal sealed record ScopeRule(IReadOnlyList<IReadOnlyList<string>> Alternatives);

internal sealed record AccountKindRule(AccountKind Only);

internal sealed class PermissionHandler(CurrentCaller callers) : AuthorizationHandler<PermissionRequirement>
{
    protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, PermissionRequirement requirement)
    {
        // Nobody authenticated: the scheme's challenge answers, not a refusal.
        if (context.Resource is not HttpContext http || await callers.GetAsync(http) is not { } caller)
        {
            return;
        }

        var decision = caller.Decide(RequirementOf(http.GetEndpoint(), requirement));
        if (decision.IsAllowed)
        {
            context.Succeed(requirement);
        }
        else
        {
            context.Fail(new Refusal(this, caller, decision));
        }
    }

    public static AccessRequirement RequirementOf(Endpoint? endpoint, PermissionRequirement requirement)
    {
        var scopes = endpoint?.Metadata.GetMetadata<ScopeRule>();
        return new AccessRequirement(
            requirement.Permission,
            scopes?.Alternatives is { Count: > 0 } alternatives ? alternatives : null,
            scopes is not null,
            endpoint?.Metadata.GetMetadata<AccountKindRule>()?.Only);
    }
}

/// <summary>Which scopes a token needs for an endpoint, where one without any is refused or the realm offers them.</summary>
internal sealed class EndpointScopes(PermissionCatalogue catalogue, RealmMetadata realm)
{
    public string? Find(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<PermissionRequirement>() is not { } required)
        {
            return null;
        }

        var requirement = PermissionHandler.RequirementOf(endpoint, required);
        return Decision.Alternatives(requirement, catalogue) is [{ } scopes, ..]
            && (Decision.RequiresScopes(requirement, catalogue) || scopes.All(realm.Offers))
                ? string.Join(' ', scopes)
                : null;
    }
}

internal sealed class Refusal(IAuthorizationHandler handler, Caller caller, Decision decision)
    : AuthorizationFailureReason(handler, decision.Reason.ToString())
{
    public Caller Caller => caller;

    public Decision Decision => decision;
}

/// <summary>Endpoint metadata: how a route group shows a refusal, where it is not by problem details.</summary>
internal sealed record RefusalPage(Func<HttpContext, Caller, Decision, IResult> Render);

internal sealed class RefusalResultHandler(KnownAccounts accounts, StepUpCheck stepUp) : IAuthorizationMiddlewareResultHandler
{
    private readonly AuthorizationMiddlewareResultHandler _default = new();

    public async Task HandleAsync(
        RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        var refusal = authorizeResult.AuthorizationFailure?.FailureReasons.OfType<Refusal>().FirstOrDefault();
        // Whoever may not do it at all is not asked to sign in anew.
        var caller = authorizeResult.Succeeded ? await Caller.BindAsync(context) : refusal?.Caller;
        var missing = authorizeResult.Succeeded && caller is not null ? stepUp.Find(context, caller.Identity) : null;
        if (caller is not null)
        {
            var tooMany = accounts.Limit(caller.Known);
            // Here a request has its one result.
            accounts.Count(caller.Known, authorizeResult.Succeeded && missing is null && tooMany is null);
            if (tooMany is not null)
            {
                await tooMany.ExecuteAsync(context);
                return;
            }
        }

        if (missing is not null)
        {
            DeniedRequests.AddStepUp(context, caller!);
            await (await stepUp.AnswerAsync(context, caller!.Identity, missing)).ExecuteAsync(context);
            return;
        }

        if (authorizeResult.Forbidden && authorizeResult.AuthorizationFailure!.FailureReasons.OfType<AntiforgeryFailure>().Any())
        {
            await Problem.Create(
                StatusCodes.Status403Forbidden,
                ProblemCode.AntiforgeryRefused,
                "In a session, what changes something needs the antiforgery token in a header. GET /antiforgery gives both.")
                .ExecuteAsync(context);
            return;
        }

        if (!authorizeResult.Forbidden || refusal is null)
        {
            await _default.HandleAsync(next, context, policy, authorizeResult);
            return;
        }

        if (context.GetEndpoint()?.Metadata.GetMetadata<RefusalPage>() is not { } page)
        {
            var answer = Refusals.Answer(context, refusal.Caller, refusal.Decision);
            await (RateLimits.Of(context).CheckRefused(context) ?? answer).ExecuteAsync(context);
            return;
        }

        DeniedRequests.Add(context, refusal.Caller, refusal.Decision);
        await page.Render(context, refusal.Caller, refusal.Decision).ExecuteAsync(context);
    }
}

internal static class Refusals
{
    public const string ExplanationPath = "/api/access/explain";

    public static string Code(DecisionReason reason) => reason switch
    {
        DecisionReason.Allowed => "allowed",
        DecisionReason.SubjectUnknown => "subject_unknown",
        DecisionReason.AccountDisabled => ProblemCode.AccountDisabled,
        DecisionReason.AccountKindRefused => ProblemCode.AccountKindRefused,
        DecisionReason.PermissionDenied => ProblemCode.PermissionDenied,
        DecisionReason.InsufficientScope => ProblemCode.InsufficientScope,
        DecisionReason.RowHidden => ProblemCode.RowHidden,
        _ => ProblemCode.PermissionMissing,
    };

    public static string Detail(Decision decision) => decision.Reason switch
    {
        DecisionReason.AccountDisabled => "Your account is disabled here. Ask somebody who manages accounts to enable it.",
        DecisionReason.AccountKindRefused =>
            "This is for one kind of account only: services call the API with a service account's token, people with their own.",
        DecisionReason.PermissionDenied =>
            $"A group that you are in denies {decision.Permission}, which wins over every group that grants it. " +
            "Ask to be taken out of that group.",
        DecisionReason.RowHidden => "There is nothing under this id, or nothing that you may know of.",
        // An endpoint for any account names scopes and no permission.
        DecisionReason.InsufficientScope when decision.Permission == default =>
            $"The token was issued for less than this call needs. Ask Keycloak for a token with the scope {decision.Scope}.",
        DecisionReason.InsufficientScope =>
            $"Your groups allow {decision.Permission}, but the token was issued for less. " +
            $"Ask Keycloak for a token with the scope {decision.Scope}.",
        _ => $"None of your groups grants {decision.Permission}. " +
            "Ask for a role in Keycloak that is mapped to a group with it, or to be put into one here.",
    };

    /// <summary>Besides, where Keycloak leaves roles out of the token, that it does, and the switch.</summary>
    public static string Detail(Decision decision, Caller caller) => decision.Reason switch
    {
        DecisionReason.PermissionMissing when RoleNotes.Find(caller) is { } note => $"{Detail(decision)} {note}",
        DecisionReason.AccountKindRefused when caller.Identity.IsLightweight =>
            $"{Detail(decision)} {TokenCauses.Lightweight(caller.Identity.ClientId)}",
        _ => Detail(decision),
    };

    // Announces a missing scope as RFC 6750, section 3.1 says. Whoever may look at access gets a link to the explanation.
    public static IResult Answer(HttpContext context, Caller caller, Decision decision)
    {
        DeniedRequests.Add(context, caller, decision);
        if (decision.Reason == DecisionReason.InsufficientScope)
        {
            context.RequestServices.GetRequiredService<Challenges>().AddInsufficientScope(context, decision.Scope);
        }

        return decision.Reason switch
        {
            DecisionReason.PermissionMissing => Refuse("missingPermission", decision.Permission.ToString()),
            DecisionReason.PermissionDenied => Refuse("deniedPermission", decision.Permission.ToString()),
            DecisionReason.InsufficientScope => Refuse("missingScope", decision.Scope),
            _ => Problem.Create(StatusCodes.Status403Forbidden, Code(decision.Reason), Detail(decision, caller)),
        };

        ProblemHttpResult Refuse(string member, string value)
        {
            var problem = Problem.Create(StatusCodes.Status403Forbidden, Code(decision.Reason), Detail(decision, caller), (member, value));
            // What an endpoint requires besides the model's own scope is not what the explanation of the permission is about.
            var bySomethingElse = decision.Reason == DecisionReason.InsufficientScope
                && context.GetEndpoint()?.Metadata.GetMetadata<ScopeRule>() is not null;
            if (decision.Permission != default && !bySomethingElse && caller.May(AccessPermissions.View))
            {
                problem.ProblemDetails.Extensions["explanation"] = context.Request.PathBase + ExplanationPath
                    + QueryString.Create("subject", caller.Identity.Subject).Add("permission", decision.Permission.ToString());
            }

            return problem;
        }
    }
}
