using KeycloakAccess.Accounts;
using KeycloakAccess.Admin;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Audit;
using KeycloakAccess.Authentication;
using KeycloakAccess.AuthZen;
using KeycloakAccess.Cors;
using KeycloakAccess.Data;
using KeycloakAccess.Explanation;
using KeycloakAccess.ForwardAuth;
using KeycloakAccess.Groups;
using KeycloakAccess.Hosting;
using KeycloakAccess.Models;
using KeycloakAccess.OpenApi;
using KeycloakAccess.Permissions;
using KeycloakAccess.ProtectionKeys;
using KeycloakAccess.Revocations;
using KeycloakAccess.RoleMappings;
using KeycloakAccess.RulesDocument;
using KeycloakAccess.SharedSignals;
using Microsoft.Extensions.Options;

namespace KeycloakAccess;

/// <summary>Puts an ASP.NET Core application behind a Keycloak realm, in three lines.</summary>
public static class KeycloakAccessExtensions
{
    /// <summary>
    /// Adds everything that trusts the realm of section <c>Keycloak</c>, decides, audits and administers, with its database
    /// (<c>ConnectionStrings:Database</c>), which is brought up to date before the application listens.
    /// </summary>
    /// <param name="builder">The application's. Its services may add models, resources, scopes and migrations besides.</param>
    public static void AddKeycloakAccess(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton<StartUp>();
        // First of all that starts: what comes after it finds the configuration checked and the database up to date.
        builder.Services.AddHostedService(provider => provider.GetRequiredService<StartUp>());
        builder.Services.AddSettings("ConnectionStrings", "Database");
        builder.Services.AddSettings<DatabaseOptions>(DatabaseOptions.Section);
        builder.AddHosting();
        builder.AddProtectionKeys();
        builder.Services.AddData();
        builder.Services.AddKeycloak();
        builder.Services.AddApiCors();
        builder.Services.AddPermissions();
        builder.Services.AddAccounts();
        builder.Services.AddGroups();
        builder.Services.AddRoleMappings();
        builder.Services.AddRevocations();
        builder.Services.AddSharedSignals();
        builder.Services.AddAudit();
        builder.Services.AddAccess();
        builder.Services.AddSingleton<ForwardAuthQuestions>();
        builder.Services.AddAccessDocuments();
        builder.Services.AddModels();
        builder.Services.AddAdmin();
        builder.Services.AddReference();
    }

    /// <summary>
    /// Adds the pipeline: HEAD, request ids, problem details (RFC 9457), security headers, trusted proxies and the prefix, allowed hosts,
    /// CORS of the API, HTTPS, the files of the pages, routing, forward-auth, authentication and authorization, in this order. An
    /// application's own middleware comes before or after it.
    /// </summary>
    public static void UseKeycloakAccess(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.Services.CheckSettings();
        app.UseShutdown();
        app.UseHead();
        app.UseRequestIds();
        app.UseProblems(
            isOutage: exception => exception is RealmUnreachableException || DatabaseOutage.IsOutage(exception),
            isConflict: DatabaseOutage.IsBrokenReference,
            explainOutage: ExplainOutage,
            page: StatusPages.RenderError);
        app.UseSecurityHeaders(formTargets: RealmOrigin(app));
        app.UseProxies();
        app.UseAllowedHosts(except: HealthEndpoints.Path);
        app.UseApiCors();
        app.UseSslRequired(except: HealthEndpoints.Path);
        app.UseRequestChecks(takesNoBody: ForwardAuthEndpoints.Path);
        app.UseAssets();
        app.UseRouting();
        app.UseSslForCookies();
        app.UseForwardAuth();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseTokenOrigins();
        app.UseAntiforgery();
        app.UseIdempotency();
    }

    /// <summary>
    /// Maps <c>/health</c>, the sign-in, the staff pages under <c>/admin</c>, the OpenAPI document and its page, the API under
    /// <c>/api</c> with the declared models, under <c>/access</c> the AuthZEN Authorization API and forward-auth, and, where events are
    /// taken, <c>/ssf/events</c>.
    /// </summary>
    public static void MapKeycloakAccess(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.MapAssets();
        app.MapHealth();
        app.MapSignIn();
        app.MapReference();
        app.MapAdmin();

        var api = app.MapGroup("/api").RequireBearer().AnswersConditions();
        api.MapMe();
        api.MapAccounts();
        api.MapGroups();
        api.MapRoleMappings();
        api.MapRevocations();
        api.MapAudit();
        api.MapModels();
        api.MapAccess();
        api.MapAccessDocuments();
        app.MapGroup("").RequireBearer().AnswersConditions().MapAuthZen();
        app.MapForwardAuth();
        app.MapSharedSignals();
        // In a group, since what is in none comes first in the OpenAPI document.
        app.MapGroup("").MapResourceMetadata();
        // Every endpoint of the application is checked at its start, those that are mapped after this line too.
        app.Services.GetRequiredService<StartUp>().Check(app);
    }

    private static string ExplainOutage(HttpContext context, Exception? exception) => exception switch
    {
        CommitUnknownException =>
            "The connection to the database broke off while something was saved. Whether it was is not known: look before you repeat it.",
        RealmUnreachableException { Fault: { } fault } unusable => $"{unusable.Cause}. {fault}",
        // Of a read nobody asks.
        { } failure when DatabaseOutage.IsUndone(failure) && !HttpMethods.IsGet(context.Request.Method) =>
            "Something that this service needs cannot be reached. Nothing more was changed. Try again later.",
        _ => "Something that this service needs cannot be reached. Try again later.",
    };

    // Keycloak's origin, as browsers know it: the sign-in form posts there.
    private static string RealmOrigin(WebApplication app) =>
        new Uri(app.Services.GetRequiredService<IOptions<KeycloakOptions>>().Value.AuthServerUrl).GetLeftPart(UriPartial.Authority);
}
