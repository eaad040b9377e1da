using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>
/// Whatever changes something in a session must carry the antiforgery token in a header: a browser sends the cookie whoever made the
/// request, and a page of another site cannot set the header. A token that a client sends itself needs none.
/// </summary>
internal sealed class AntiforgeryRequirement : IAuthorizationRequirement;

internal sealed class AntiforgeryFailure(IAuthorizationHandler handler) : AuthorizationFailureReason(handler, "antiforgery");

internal sealed class AntiforgeryHandler(IAntiforgery antiforgery, IOptions<AntiforgeryOptions> options)
    : AuthorizationHandler<AntiforgeryRequirement>
{
    protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, AntiforgeryRequirement requirement)
    {
        if (context.Resource is not HttpContext http)
        {
            return;
        }

        if (IsReading(http.Request.Method)
            || http.GetEndpoint()?.Metadata.GetMetadata<ChangesNothing>() is not null
            || CallerIdentity.Of(http) is not { Known.Identity.IsSession: true }
            || await HasTokenAsync(http))
        {
            context.Succeed(requirement);
        }
        else
        {
            context.Fail(new AntiforgeryFailure(this));
        }
    }

    private static bool IsReading(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);

    // The header alone: a field of a form is what another site could send.
    private async Task<bool> HasTokenAsync(HttpContext http)
    {
        if (string.IsNullOrEmpty(http.Request.Headers[options.Value.HeaderName!]))
        {
            return false;
        }

        try
        {
            await antiforgery.ValidateRequestAsync(http);
            return true;
        }
        catch (AntiforgeryValidationException)
        {
            return false;
        }
    }
}
