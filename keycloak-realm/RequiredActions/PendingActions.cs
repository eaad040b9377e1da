using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.RequiredActions;

/// <summary>What somebody has to do before they get to the client.</summary>
internal static class PendingActions
{
    /// <summary>The next one; null if there is none. What the client asks for comes last.</summary>
    public static string? Next(Realm realm, ActionProgress progress, User user)
    {
        bool IsPending(string action) => user.IsPending(realm, action) || progress.Setup.Contains(action);
        var pending = realm.RequiredActions.Names.FirstOrDefault(IsPending);
        if (progress.Requested is not { } requested)
        {
            return pending;
        }

        if (!realm.RequiredActions.Contains(requested))
        {
            progress.Finish(requested, "error");
            return pending;
        }

        progress.IsEnforced = IsPending(requested);
        return pending ?? requested;
    }

    /// <summary>Whether a browser that is signed in would be shown a page.</summary>
    public static bool HasAny(RealmSite site, AuthorizationRequest request, User user) =>
        Next(site.Realm, new ActionProgress(request.KcAction), user) is not null || ConsentEndpoint.Open(request, user).Count > 0;

    /// <summary>The request with what became of the action that it asks for, where there is nothing to do.</summary>
    public static AuthorizationRequest Settle(Realm realm, AuthorizationRequest request, User user)
    {
        var progress = new ActionProgress(request.KcAction);
        Next(realm, progress, user);
        return request with { Outcome = progress.Outcome };
    }

    /// <summary>For how many seconds a sign-in is enough for what the client asks for; null where it asks for nothing.</summary>
    public static long? MaxAuthAge(Realm realm, AuthorizationRequest request) =>
        request.KcAction is not { } action || realm.RequiredActions.Find(action) is not { } setting
            ? null
            : action is "UPDATE_PASSWORD" && realm.PasswordPolicy.MaxAuthAge is { } age and >= 0 ? age : setting.MaxAuthAge;
}
