using System.Reflection;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Hosting;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.Metadata;

namespace KeycloakAccess.Admin.Rendering;

/// <summary>
/// What the handler of a page works with: the request, who makes it, what they typed, and the answers that pages give. An
/// endpoint whose handler takes one requires the antiforgery token of every form that is posted to it.
/// </summary>
internal sealed class PageContext : IEndpointParameterMetadataProvider
{
    private PageContext(HttpContext http, Caller caller, FormInput form)
    {
        Http = http;
        Caller = caller;
        Form = form;
        GrantGuard = GrantGuard.Create(http, caller);
    }

    public HttpContext Http { get; }

    public Caller Caller { get; }

    public FormInput Form { get; }

    public GrantGuard GrantGuard { get; }

    public CancellationToken Cancellation => Http.RequestAborted;

    /// <summary>The session that the request comes with.</summary>
    public Guid? SessionId => SessionHandler.IdOf(Http.User);

    public SessionLife? SessionLife => FindSessionLife(Http);

    public static SessionLife? FindSessionLife(HttpContext context) => CallerIdentity.Of(context)?.Known.End is { } end
        ? new SessionLife(
            (int)Math.Ceiling(Math.Max(
                0, (end.At - context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow()).TotalSeconds)),
            end.CanExtend)
        : null;

    public TimeZoneInfo Zone => ReaderZone.Read(Http.Request);

    public string RouteText(string name) => (string)Http.GetRouteValue(name)!;

    public Guid RouteId(string name = "id") => Guid.Parse(RouteText(name));

    public Task<FormInput?> FindDraftAsync() => Drafts.FindAsync(Http, Caller.Identity, Cancellation);

    public async Task<string?> KeepAsync(string path, FormInput fields) =>
        await Drafts.KeepAsync(Caller.Identity, path, fields, Cancellation) is { } id
            ? Links.WithQuery(path, (FormDrafts.Parameter, id.ToString()))
            : null;

    public PageResult Render<TPage, TView>(TView view, int status = StatusCodes.Status200OK)
        where TPage : StaffPage<TView>
        where TView : class =>
        PageRenderer.Render<TPage>(status, ("Viewer", CreateViewer(Http, Caller)), ("View", view));

    public IResult Redirect(string path, PageMessage message) => new FlashRedirect(LastLists.PathOf(Http, path), message);

    /// <summary>The pages of a list. The list is remembered as it is filtered, for the links that lead back to it.</summary>
    public Paging Paging(string? next, Func<string?, string> path)
    {
        LastLists.Remember(Http);
        return Design.Paging.Create(Http.Request.Query, next, path);
    }

    /// <summary>Sends somebody to Keycloak, and then back to the form as they have sent it.</summary>
    public async Task<IResult> SignInAnewAsync(StepUpRule rule)
    {
        var path = Http.Request.Path.Value!;
        return TypedResults.Redirect(Http.RequestServices.GetRequiredService<StepUpLink>().SignIn(
            Http, rule, Http.Request.PathBase + (await KeepAsync(path, Form) ?? path)));
    }

    /// <summary>Refuses what only a form could tell, as the endpoint itself would.</summary>
    public IResult? Refuse(Permission permission)
    {
        var decision = Caller.Decide(permission);
        if (decision.IsAllowed)
        {
            return null;
        }

        DeniedRequests.Add(Http, Caller, decision);
        return StatusPages.RenderRefusal(Http, Caller, decision);
    }

    public static async ValueTask<PageContext?> BindAsync(HttpContext context) =>
        await Caller.BindAsync(context) is { } caller ? new PageContext(context, caller, await ReadFormAsync(context)) : null;

    static void IEndpointParameterMetadataProvider.PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new RequireAntiforgeryTokenAttribute());

    private FormDrafts Drafts => Http.RequestServices.GetRequiredService<FormDrafts>();

    private static async Task<FormInput> ReadFormAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            return FormInput.Create();
        }

        // Where a handler binds a form, the framework looks at the token; it leaves that to whoever reads one otherwise.
        if (context.Features.Get<IAntiforgeryValidationFeature>() is not { IsValid: true })
        {
            throw new BadHttpRequestException("The antiforgery token is missing or not valid.");
        }

        if (!context.Request.HasFormContentType)
        {
            throw new BadHttpRequestException("A form is expected.", StatusCodes.Status415UnsupportedMediaType);
        }

        return FormInput.Create(await FormBody.TryReadAsync(context.Request, context.RequestAborted)
            ?? throw new BadHttpRequestException("The form cannot be read."));
    }

    /// <summary>Whoever the page is drawn for.</summary>
    public static Viewer CreateViewer(HttpContext http, Caller caller)
    {
        var permissions = caller.Permissions.ToHashSet();
        return new Viewer(
            caller.AccountId,
            caller.Identity.Name ?? caller.Identity.Username ?? caller.Identity.Subject,
            permissions,
            ReaderZone.Read(http.Request),
            [.. http.RequestServices.GetRequiredService<ModelCatalogue>().Models
                .Where(model => permissions.Contains(new Permission(model.Name, Permission.View)))
                .OrderBy(model => model.Title, StringComparer.Ordinal)
                .Select(model => new ModelLink(model.Plural, model.Title))],
            Flash.Take(http))
        {
            Session = FindSessionLife(http),
            IsBreakGlass = SessionHandler.IsBreakGlass(http.User),
            Here = http.Request.Path + http.Request.QueryString.Value,
            Lists = LastLists.Read(http),
        };
    }
}
