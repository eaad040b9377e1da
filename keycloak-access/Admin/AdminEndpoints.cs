using KeycloakAccess.Admin.AccessPages;
using KeycloakAccess.Admin.AccountPages;
using KeycloakAccess.Admin.AuditPages;
using KeycloakAccess.Admin.DesignPages;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.GroupPages;
using KeycloakAccess.Admin.HomePages;
using KeycloakAccess.Admin.ModelPages;
using KeycloakAccess.Admin.OwnPages;
using KeycloakAccess.Admin.RealmPages;
using KeycloakAccess.Admin.RoleMappingPages;
using KeycloakAccess.Admin.SessionPages;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Admin;

/// <summary>The staff pages: HTML drawn on the server over the features, no state in the process.</summary>
internal static class AdminEndpoints
{
    public static void AddAdmin(this IServiceCollection services)
    {
        services.AddModel("admin", "Admin pages", AdminPermissions.View);
        services.AddModel("sessions", "Sessions", SessionPermissions.View, SessionPermissions.Delete);
        services.AddModel("realm", "Realm", RealmPermissions.View);
        services.AddOptions<AdminOptions>()
            .BindConfiguration(AdminOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        services.AddRazorComponents();
        services.AddSingleton<FormDrafts>();
        services.AddSingleton<AccountPageReader>();
        services.AddSingleton<BulkPageReader>();
        services.AddSingleton<HomePageReader>();
        services.AddSingleton<AuditPageReader>();
        services.AddSingleton<AuditObjects>();
        services.AddSingleton<RoleMatches>();
        services.AddSingleton<RoleMappingReader>();
        services.AddSingleton<GroupPageReader>();
        services.AddSingleton<ModelReferences>();
    }

    public static void MapAdmin(this IEndpointRouteBuilder routes)
    {
        var anonymous = routes.MapGroup("").AllowAnonymous().ExcludeFromDescription();
        anonymous.MapGet("/", () => TypedResults.LocalRedirect("/admin"));
        anonymous.MapGet(SignInEndpoints.SignedOutPath, (string? keycloak) => Pages.Plain<SignedOutPage>(("KeycloakUnreachable", keycloak == "unreachable")));
        anonymous.MapGet(SignInEndpoints.SignInFailedPath, (string? reason) => Pages.Plain<SignInFailedPage>(("Reason", reason)));

        var signedIn = routes.MapGroup("").RequireSession().RequireEnabledAccount().WithPages();
        signedIn.MapOwnPages();

        var admin = routes.MapGroup("/admin").RequireSession().RequirePermission(AdminPermissions.View).WithPages();
        admin.MapHomePages();
        admin.MapAccountPages();
        admin.MapGroupPages();
        admin.MapRoleMappingPages();
        admin.MapAccessPages();
        admin.MapSessionPages();
        admin.MapModelPages();
        admin.MapRealmPages();
        admin.MapAuditPages();
        admin.MapDesignPages();
    }

    /// <summary>The page for an error that no page of its own explains.</summary>
    public static RazorComponentResult Error(HttpContext context, int status)
    {
        var page = Pages.Plain<ErrorPage>(("Status", status), ("RequestId", context.TraceIdentifier));
        page.StatusCode = status;
        return page;
    }

    /// <summary>Refuses within a page what only its form could tell, as the endpoint itself would.</summary>
    public static IResult Refuse(HttpContext context, Caller caller, Decision decision)
    {
        DeniedRequests.Add(context, caller, decision);
        return Refuse(context, decision);
    }

    // How these groups answer who may not, and who is not signed in any more: in pages.
    private static RouteGroupBuilder WithPages(this RouteGroupBuilder group) =>
        group.WithMetadata(new RefusalPage(Refuse), new SignInAgain(FormDrafts.AskToSignInAgainAsync)).ExcludeFromDescription();

    private static RazorComponentResult Refuse(HttpContext context, Decision decision)
    {
        var page = Pages.Plain<RefusedPage>(
            ("Detail", Refusals.Detail(decision)),
            ("Name", context.User.FindFirst("name")?.Value ?? context.User.Identity?.Name ?? ""),
            ("MissingPermission", decision.Reason == DecisionReason.PermissionMissing ? decision.Permission.ToString() : null));
        page.StatusCode = StatusCodes.Status403Forbidden;
        return page;
    }
}
