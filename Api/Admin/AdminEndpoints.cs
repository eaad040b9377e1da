using Api.Accounts;
using Api.Data;
using Api.Groups;
using Api.Hosting;
using Api.Keycloak;
using Api.Permissions;
using Api.RoleMappings;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Api.Admin;

/// <summary>The staff pages: static HTML over the features, no script, no state in the process.</summary>
internal static class AdminEndpoints
{
    private const int PageSize = 50;

    public static void AddAdmin(this IServiceCollection services)
    {
        services.AddModel("admin", "admin", "Admin pages", Permission.View);
        services.AddRazorComponents();
    }

    public static void MapAdmin(this IEndpointRouteBuilder routes)
    {
        var anonymous = routes.MapGroup("").AllowAnonymous().ExcludeFromDescription();
        anonymous.MapGet("/", () => TypedResults.LocalRedirect("/admin"));
        anonymous.MapGet(SignInEndpoints.SignedOutPath, (string? keycloak) => Page<SignedOutPage>(("KeycloakUnreachable", keycloak == "unreachable")));
        anonymous.MapGet(SignInEndpoints.SignInFailedPath, (string? reason) => Page<SignInFailedPage>(("Reason", reason)));

        var refusal = new RefusalPage(Refuse);
        var signedIn = routes.MapGroup("").RequireSession().RequireActiveAccount().WithMetadata(refusal).ExcludeFromDescription();
        signedIn.MapGet("/account", (Caller caller) => Page<AccountPage>(("Viewer", Viewer.Of(caller)), ("Me", MeEndpoint.Describe(caller))));

        var admin = routes.MapGroup("/admin").RequireSession().RequirePermission("admin", Permission.View).WithMetadata(refusal).ExcludeFromDescription();
        admin.MapGet("/", (Caller caller) => Page<HomePage>(("Viewer", Viewer.Of(caller))));
        admin.MapGet("/accounts", AccountsAsync).RequirePermission("account", Permission.View);
        admin.MapPost("/accounts/{id:guid}/switch-off", SwitchOffAsync).RequirePermission("account", Permission.Change);
        admin.MapPost("/accounts/{id:guid}/switch-on", SwitchOnAsync).RequirePermission("account", Permission.Change);
        admin.MapGet("/groups", GroupsAsync).RequirePermission("group", Permission.View);
        admin.MapGet("/role-mappings", RoleMappingsAsync).RequirePermission("role-mapping", Permission.View);
    }

    /// <summary>The page for an error that no page of its own explains.</summary>
    public static RazorComponentResult Error(HttpContext context, int status)
    {
        var page = Page<ErrorPage>(("Status", status), ("RequestId", context.TraceIdentifier));
        page.StatusCode = status;
        return page;
    }

    private static async Task<RazorComponentResult> AccountsAsync(
        Caller caller, AccountStore store, string? search, string? kind, string? after, string? switched, CancellationToken cancellationToken)
    {
        kind = kind is "person" or "service" ? kind : null;
        search = search?.Replace("\0", "", StringComparison.Ordinal);
        var cursor = after is null ? null : Cursor.Parse(after, AccountStore.Sort);
        var (accounts, next) = await store.ListAsync(new AccountFilter(search, kind, Active: null, PageSize, cursor), cancellationToken);
        return Page<AccountsPage>(
            ("Viewer", Viewer.Of(caller)),
            ("Accounts", accounts.Select(AccountEndpoints.ToResponse).ToArray()),
            ("Search", search),
            ("Kind", kind),
            ("Next", next is null ? null : "/admin/accounts" + QueryString.Create(new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["search"] = search,
                ["kind"] = kind,
                ["after"] = next.ToString(),
            })),
            ("Message", switched switch
            {
                "off" => "Switched off. The account is refused from its next request on.",
                "on" => "Switched on.",
                _ => null,
            }));
    }

    private static Task<IResult> SwitchOffAsync(Guid id, Caller caller, AccountStore store, [FromForm] SwitchForm form, CancellationToken cancellationToken) =>
        SwitchAsync(id, active: false, caller, store, cancellationToken);

    private static Task<IResult> SwitchOnAsync(Guid id, Caller caller, AccountStore store, [FromForm] SwitchForm form, CancellationToken cancellationToken) =>
        SwitchAsync(id, active: true, caller, store, cancellationToken);

    private static async Task<IResult> SwitchAsync(Guid id, bool active, Caller caller, AccountStore store, CancellationToken cancellationToken)
    {
        if (id == caller.AccountId)
        {
            return Problem.Of(StatusCodes.Status409Conflict, "conflict", "Nobody switches off their own account.");
        }

        return await store.SwitchAsync(id, active, caller.Actor, reason: null, cancellationToken) is null
            ? TypedResults.NotFound()
            : TypedResults.LocalRedirect("/admin/accounts?switched=" + (active ? "on" : "off"));
    }

    private static async Task<RazorComponentResult> GroupsAsync(Caller caller, GroupStore store, CancellationToken cancellationToken) =>
        Page<GroupsPage>(
            ("Viewer", Viewer.Of(caller)),
            ("Groups", (await store.ListAsync(cancellationToken)).Select(GroupEndpoints.ToResponse).ToArray()));

    private static async Task<RazorComponentResult> RoleMappingsAsync(Caller caller, RoleMappingStore store, CancellationToken cancellationToken) =>
        Page<RoleMappingsPage>(
            ("Viewer", Viewer.Of(caller)),
            ("Mappings", (await store.ListAsync(cancellationToken)).Select(RoleMappingEndpoints.ToResponse).ToArray()));

    private static RazorComponentResult Refuse(HttpContext context, Decision decision)
    {
        var page = Page<RefusedPage>(
            ("Detail", Refusals.Detail(decision)),
            ("Name", context.User.FindFirst("name")?.Value ?? context.User.Identity?.Name ?? ""),
            ("MissingPermission", decision.Reason == DecisionReason.PermissionMissing ? decision.Permission.ToString() : null));
        page.StatusCode = StatusCodes.Status403Forbidden;
        return page;
    }

    private static RazorComponentResult Page<TPage>(params ReadOnlySpan<(string Name, object? Value)> parameters)
        where TPage : Microsoft.AspNetCore.Components.IComponent
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (name, value) in parameters)
        {
            values[name] = value;
        }

        return new RazorComponentResult(typeof(TPage), values);
    }

    /// <summary>An empty form: binding it makes the framework check the antiforgery token before the handler runs.</summary>
    internal sealed record SwitchForm;
}
