using KeycloakRealm.Endpoints;
using KeycloakRealm.Links;
using KeycloakRealm.Pages;

namespace KeycloakRealm.RequiredActions;

/// <summary>The address is verified by a link that goes to it; the page waits.</summary>
internal sealed class VerifyEmail : IRequiredAction
{
    public const string Name = "VERIFY_EMAIL";

    /// <summary>Seconds between two links.</summary>
    private const int Pause = 30;

    public bool CanBeRequested => true;

    public string Show(ActionContext action, ProtocolForm query)
    {
        if (action.IsCancellable)
        {
            return VerifyEmailPage.Render(action, alert: null);
        }

        // The link to send it again is the page's own address, with a code.
        var wait = query["session_code"] is not null && action.Tab.SentLink is not null ? Wait(action) : 0;
        if (wait == 0 && (action.Tab.SentLink is null || query["session_code"] is not null))
        {
            Send(action);
        }

        return VerifyEmailPage.Render(action, wait > 0
            ? $"You must wait {wait} seconds before resending the verification email."
            : "You need to verify your email address to activate your account.");
    }

    /// <summary>A client asked for it, and the user wants the link.</summary>
    public Task<ActionAnswer> TakeAsync(ActionContext action, ProtocolForm form)
    {
        var wait = action.Tab.SentLink is null ? 0 : Wait(action);
        if (wait == 0)
        {
            Send(action);
        }

        return Task.FromResult(new ActionAnswer(VerifyEmailPage.Render(
            action, wait > 0 ? $"You must wait {wait} seconds before resending the verification email." : null)));
    }

    private static void Send(ActionContext action)
    {
        var authenticationId = BrowserCookies.ReadAuthentication(action.Http, action.Site)!;
        action.Tab.SentLink = ActionLink.Make(action.Site, ActionLink.VerifyEmail, action.User, authenticationId, action.Tab);
        action.Tab.SentAt = action.Site.Now;
        action.Site.Mail.Write("Verify email", action.User, action.Tab.SentLink);
    }

    private static long Wait(ActionContext action) => Math.Max(0, action.Tab.SentAt + Pause - action.Site.Now);
}
