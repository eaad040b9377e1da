using System.Security.Claims;
using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.BoundTokens;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Infrastructure;
using Microsoft.AspNetCore.Authorization.Policy;

namespace KeycloakAccess.Permissions;

/// <summary>
/// Lets those through whose token is known and who hold what is required, without asking each scheme and each handler in turn. Whatever is
/// not that plain takes the framework's way, and so does every refusal: the answers are the same.
/// </summary>
internal sealed class KnownCallerEvaluator(AccessTokens tokens, ProofOfPossession possession) : IPolicyEvaluator
{
    public Task<AuthenticateResult> AuthenticateAsync(AuthorizationPolicy policy, HttpContext context)
    {
        // With a token, and not by a scheme of the application's own.
        if (policy.AuthenticationSchemes is [Schemes.Bearer or Schemes.BearerOrSession]
            && BearerHandler.TryReadToken(context.Request, out var text)
            && text is not null
            && !possession.IsRequiredOf(context)
            && tokens.Find(context, text) is { } token)
        {
            context.User = new ClaimsPrincipal(new CallerIdentity(token.Known!, token.State!, text));
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(context.User, policy.AuthenticationSchemes[0])));
        }

        return Framework(context).AuthenticateAsync(policy, context);
    }

    public Task<PolicyAuthorizationResult> AuthorizeAsync(
        AuthorizationPolicy policy, AuthenticateResult authenticationResult, HttpContext context, object? resource) =>
        IsAllowed(policy, context)
            ? Task.FromResult(PolicyAuthorizationResult.Success())
            : Framework(context).AuthorizeAsync(policy, authenticationResult, context, resource);

    // Its handlers are those of the request.
    private static PolicyEvaluator Framework(HttpContext context) =>
        new(context.RequestServices.GetRequiredService<IAuthorizationService>());

    private static bool IsAllowed(AuthorizationPolicy policy, HttpContext context)
    {
        if (context.RequestServices.GetRequiredService<CurrentCaller>().Find(context) is not { Identity.IsSession: false } caller)
        {
            return false;
        }

        for (var index = 0; index < policy.Requirements.Count; index++)
        {
            var isMet = policy.Requirements[index] switch
            {
                PermissionRequirement required =>
                    caller.Decide(PermissionHandler.RequirementOf(context.GetEndpoint(), required)).IsAllowed,
                // A token is somebody's, and no browser sends it by itself.
                DenyAnonymousAuthorizationRequirement or AntiforgeryRequirement => true,
                // The application's own.
                _ => false,
            };
            if (!isMet)
            {
                return false;
            }
        }

        return policy.Requirements.Count > 0;
    }
}
