using KeycloakRealm.Admin;
using KeycloakRealm.Endpoints;
using KeycloakRealm.Loading;
using Microsoft.Net.Http.Headers;
using static KeycloakRealm.Account.AccountRoles;

namespace KeycloakRealm.Account;

/// <summary>
/// What is below <c>account</c> is an API for whoever accepts or sends JSON, and pages for everybody else. Keycloak serves an
/// application there instead of these pages.
/// </summary>
internal static class AccountRouting
{
    private const string Root = "/realms/{realm}/account";
    private const string Versioned = Root + "/v1alpha1";
    private const string Json = "application/json";
    private const string Methods = "HEAD, DELETE, POST, GET, OPTIONS, PUT";

    public static void MapAccount(this IEndpointRouteBuilder routes, LiveRealms realms)
    {
        void Map(string path, params AccountCall[] calls)
        {
            routes.Map(Root + path, context => DispatchAsync(context, realms.Current.Sites, calls, isVersioned: false));
            routes.Map(Versioned + path, context => DispatchAsync(context, realms.Current.Sites, calls, isVersioned: true));
        }

        Map("", AccountCall.Get(ProfileResource.Read, ManageAccount, ViewProfile), AccountCall.Post(ProfileResource.Change, ManageAccount));
        Map(
            "/sessions",
            AccountCall.Get(OwnSessionsResource.List, ManageAccount, ViewProfile),
            AccountCall.Delete(OwnSessionsResource.EndAllAsync, ManageAccount));
        Map("/sessions/devices", AccountCall.Get(OwnSessionsResource.ListDevices, ManageAccount, ViewProfile));
        Map("/sessions/{session}", AccountCall.Delete(OwnSessionsResource.EndAsync, ManageAccount));
        Map("/credentials", AccountCall.Get(CredentialsResource.List, ManageAccount, ViewProfile));
        Map("/credentials/{credential}", AccountCall.Delete(CredentialsResource.Remove, ManageAccount));
        Map("/credentials/{credential}/label", AccountCall.Put(CredentialsResource.Name, ManageAccount));
        Map("/groups", AccountCall.Get(MembershipsResource.List, ManageAccount, ViewGroups));
        Map("/applications", AccountCall.Get(ApplicationsResource.List, ManageAccount, ViewApplications));
        Map(
            "/applications/{client}/consent",
            AccountCall.Get(ApplicationsResource.ReadConsent, ManageAccount, ViewConsent, ManageConsent) with { IsCached = true },
            AccountCall.Post(ApplicationsResource.Grant, ManageAccount, ManageConsent) with { IsCached = true },
            AccountCall.Put(ApplicationsResource.Grant, ManageAccount, ManageConsent) with { IsCached = true },
            AccountCall.Delete(ApplicationsResource.Revoke, ManageAccount, ManageConsent) with { IsCached = true });
        Map("/linked-accounts", AccountCall.Get(_ => AdminAnswer.Ok([]), ManageAccount, ViewProfile) with { IsCached = true });
        Map("/supportedLocales", AccountCall.Get(ProfileResource.ListLocales) with { IsCached = true });
        Map("/resources", AccountCall.Get(_ => NoPermissions) with { IsCached = true });
        Map("/{**path}");
    }

    private static AdminAnswer NoPermissions =>
        AdminAnswer.Refused(StatusCodes.Status403Forbidden, "User-managed access not enabled");

    private static async Task DispatchAsync(
        HttpContext context, IReadOnlyDictionary<string, RealmSite> sites, AccountCall[] calls, bool isVersioned)
    {
        if (context.Request.RouteValues["realm"] is not string name || !sites.TryGetValue(name, out var site))
        {
            await RealmRouting.UnknownAsync(context, sites);
            return;
        }

        if (HttpMethods.IsOptions(context.Request.Method))
        {
            await Cors.PreflightAsync(context, Methods);
            return;
        }

        if (!isVersioned && !AsksForJson(context.Request))
        {
            await AccountPageEndpoint.DispatchAsync(context, site, sites);
            return;
        }

        if (AccountRequest.Authenticate(context, site) is not { } request)
        {
            await AdminAnswer.Unauthorized.WriteAsync(context);
            return;
        }

        if (!await Cors.AdmitsAsync(context, site, request.Client, exposesMethods: false))
        {
            return;
        }

        var (call, answer) = await AnswerAsync(request, calls);
        await answer.WriteAsync(context, noCache: call is { IsCached: false });
    }

    private static async Task<(AccountCall? Call, AdminAnswer Answer)> AnswerAsync(AccountRequest request, AccountCall[] calls)
    {
        var http = request.Context.Request;
        var method = HttpMethods.IsHead(http.Method) ? HttpMethods.Get : http.Method;
        if (Array.Find(calls, each => string.Equals(each.Method, method, StringComparison.Ordinal)) is not { } call)
        {
            return (null, method is "GET" or "PUT" or "DELETE"
                ? AdminAnswer.NotFound("HTTP 404 Not Found")
                : AdminAnswer.Failed(StatusCodes.Status405MethodNotAllowed, "HTTP 405 Method Not Allowed"));
        }

        if (method is "POST" or "PUT" && http.ContentType is { } type && !type.StartsWith(Json, StringComparison.Ordinal))
        {
            return (null, AdminAnswer.Failed(
                StatusCodes.Status415UnsupportedMediaType, "The content-type header value did not match the value in @Consumes"));
        }

        if (!request.HasAny(call.Roles))
        {
            return (null, AdminAnswer.Forbidden);
        }

        await request.ReadBodyAsync();
        return (call, await call.HandleAsync(request));
    }

    /// <summary>As in Keycloak, a parameter such as a charset makes it another media type.</summary>
    private static bool AsksForJson(HttpRequest request) =>
        request.ContentType is Json
        || (MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted)
            && accepted.Any(type => string.Equals(type.ToString(), Json, StringComparison.OrdinalIgnoreCase)));
}

/// <summary>A method at an address; one of the roles of <c>account</c> is enough, and without any no role is needed.</summary>
internal sealed record AccountCall(string Method, IReadOnlyList<string> Roles, Func<AccountRequest, Task<AdminAnswer>> HandleAsync)
{
    /// <summary>Keycloak says of some answers only that they must not be kept.</summary>
    public bool IsCached { get; init; }

    public static AccountCall Get(Func<AccountRequest, AdminAnswer> handle, params string[] roles) => new("GET", roles, Wrap(handle));

    public static AccountCall Post(Func<AccountRequest, AdminAnswer> handle, params string[] roles) => new("POST", roles, Wrap(handle));

    public static AccountCall Put(Func<AccountRequest, AdminAnswer> handle, params string[] roles) => new("PUT", roles, Wrap(handle));

    public static AccountCall Delete(Func<AccountRequest, AdminAnswer> handle, params string[] roles) => new("DELETE", roles, Wrap(handle));

    public static AccountCall Delete(Func<AccountRequest, Task<AdminAnswer>> handle, params string[] roles) => new("DELETE", roles, handle);

    private static Func<AccountRequest, Task<AdminAnswer>> Wrap(Func<AccountRequest, AdminAnswer> handle) =>
        request => Task.FromResult(handle(request));
}
