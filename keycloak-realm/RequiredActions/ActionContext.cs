using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.RequiredActions;

/// <summary>A sign-in that is at a required action.</summary>
internal sealed record ActionContext(HttpContext Http, RealmSite Site, AuthenticationTab Tab, User User, string Action)
{
    /// <summary>Where the form is sent.</summary>
    public string Address => LoginActions.Address(Site, Tab, withCode: true, "required-action", Action);

    /// <summary>The client asks for it, and the user may say no.</summary>
    public bool IsCancellable => string.Equals(Action, Tab.Actions.Requested, StringComparison.Ordinal) && !Tab.Actions.IsEnforced;

    /// <summary>What the page says at first to whoever has to do this.</summary>
    public string? Demand(string message) => IsCancellable ? null : message;

    /// <summary>Where the form has the box for it, and it is ticked.</summary>
    public async Task EndOtherSessionsAsync(ProtocolForm form)
    {
        if (form["logout-sessions"] is not "on")
        {
            return;
        }

        var own = BrowserCookies.ReadAuthentication(Http, Site);
        foreach (var session in Site.Sessions.EndOnline(
            session => session.User == User && !string.Equals(session.Id, own, StringComparison.Ordinal)))
        {
            await Site.Notifier.NotifyAsync(session);
        }
    }
}
