using System.Globalization;
using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.AccessPages;
using KeycloakAccess.Admin.AccountPages;
using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.AuditPages;
using KeycloakAccess.Admin.BreakGlassPages;
using KeycloakAccess.Admin.DesignPages;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.GroupPages;
using KeycloakAccess.Admin.HomePages;
using KeycloakAccess.Admin.ModelPages;
using KeycloakAccess.Admin.OwnPages;
using KeycloakAccess.Admin.RealmPages;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Admin.RevocationPages;
using KeycloakAccess.Admin.RoleMappingPages;
using KeycloakAccess.Admin.SessionPages;
using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Antiforgery;
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
        services.AddSettings<AdminOptions>(AdminOptions.Section)
            .Validate(
                options => options.Title.Length is > 0 and <= AdminOptions.LongestTitle,
                $"Admin:Title must have at most {AdminOptions.LongestTitle} characters.");
        services.AddRazorComponents();
        services.AddSingleton<FormDrafts>();
        services.AddSingleton<FormOnce>();
        services.AddSingleton<ActivityReader>();
        services.AddSingleton<AuditWordsReader>();
        services.AddSingleton<RoleMatches>();
        services.AddSingleton<AccessPageReader>();
        services.AddSingleton<AccountListReader>();
        services.AddSingleton<AccountPageReader>();
        services.AddSingleton<BulkAccounts>();
        services.AddSingleton<AuditPageReader>();
        services.AddSingleton<AuditObjects>();
        services.AddSingleton<GroupPageReader>();
        services.AddSingleton<HomeCharts>();
        services.AddSingleton<HomeNotices>();
        services.AddSingleton<AccountNotices>();
        services.AddSingleton<RealmNotices>();
        services.AddSingleton<ModelReferences>();
        services.AddSingleton<RealmPageReader>();
        services.AddSingleton<RoleMappingReader>();
    }

    public static void MapAdmin(this IEndpointRouteBuilder routes)
    {
        var anonymous = routes.MapGroup("").AllowAnonymous().ExcludeFromDescription();
        // An application that has a page of its own there keeps it.
        anonymous.MapGet("/", () => TypedResults.LocalRedirect("~/admin")).WithOrder(1);
        anonymous.MapGet(SignInEndpoints.SignedOutPath, (string? keycloak, string? open) => PageRenderer.Render<SignedOutPage>(
            StatusCodes.Status200OK,
            ("KeycloakUnreachable", keycloak == "unreachable"),
            ("Open", int.TryParse(open, CultureInfo.InvariantCulture, out var sessions) ? sessions : 0)));
        anonymous.MapGet(SignInEndpoints.SignInFailedPath, RenderFailure);
        anonymous.MapBreakGlassPages();

        var signedIn = routes.MapGroup("").RequireSession().RequireEnabledAccount().WithPages();
        signedIn.MapOwnPages();
        routes.MapGet("/antiforgery", GiveAntiforgeryToken).RequireSession().RequireEnabledAccount().ExcludeFromDescription();

        var admin = routes.MapGroup("/admin").RequireSession().RequirePermission(AdminPermissions.View).WithPages();
        admin.MapHomePages();
        admin.MapAccountPages();
        admin.MapGroupPages();
        admin.MapRoleMappingPages();
        admin.MapAccessPages();
        admin.MapSessionPages();
        admin.MapRevocationPages();
        admin.MapModelPages();
        admin.MapRealmPages();
        admin.MapAuditPages();
        admin.MapDesignPages();
    }

    private static PageResult RenderFailure(string? reason, string? ahead, HttpRequest request, StepUpLink link)
    {
        var stepUp = link.FindFailure(request);
        return PageRenderer.Render<SignInFailedPage>(
            StatusCodes.Status200OK,
            ("Reason", reason),
            ("Ahead", TimeSpan.FromSeconds(int.TryParse(ahead, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0)),
            ("Levels", stepUp is null ? null : string.Join(" or ", stepUp.Acr)),
            ("MaxAge", stepUp?.MaxAge),
            ("ActualLevel", stepUp?.ActualAcr),
            ("ActualAge", stepUp?.ActualAge),
            ("Back", stepUp?.Back));
    }

    // For scripts of this origin, which send it along with the session: no other origin can read it.
    private static Ok<AntiforgeryResponse> GiveAntiforgeryToken(HttpContext context, IAntiforgery antiforgery)
    {
        var tokens = antiforgery.GetAndStoreTokens(context);
        return TypedResults.Ok(new AntiforgeryResponse(tokens.HeaderName!, tokens.RequestToken!));
    }

    // These groups answer a refusal and a missing session with pages.
    private static RouteGroupBuilder WithPages(this RouteGroupBuilder group) => group
        .AddEndpointFilter<RouteGroupBuilder, FormOnceFilter>()
        .WithMetadata(new RefusalPage(StatusPages.RenderRefusal), new SignInAgain(StatusPages.AskToSignInAgainAsync))
        .WithMetadata(new StepUpPage(StatusPages.SendToSignInAnewAsync))
        .ExcludeFromDescription();
}

/// <summary>The header that a script sends with what changes something, and its value.</summary>
internal sealed record AntiforgeryResponse(string Header, string Token);
