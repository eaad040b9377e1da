using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Rendering;

/// <summary>A form at an address of its own.</summary>
internal abstract class PageForm
{
    public abstract Task<IResult> ShowAsync(PageContext page);

    public abstract Task<IResult> SendAsync(PageContext page);
}

/// <summary>
/// The life cycle of a form. It is shown with what stands in it at first, or with what its author sent when their session had
/// ended. What is sent is checked and done; with a mistake, a conflict or a refusal it is shown again as it was typed, and where
/// it is done the browser is sent on, with a message.
/// </summary>
/// <typeparam name="TSubject">What the form is about, as it is now.</typeparam>
internal abstract class PageForm<TSubject> : PageForm
    where TSubject : class
{
    /// <summary>The field that says why.</summary>
    protected virtual string ReasonField => "reason";

    /// <summary>The field with the version of the subject that the sender has seen.</summary>
    protected virtual string VersionField => "version";

    public sealed override async Task<IResult> ShowAsync(PageContext page)
    {
        var draft = await page.FindDraftAsync();
        return await FindAsync(page) is { } subject ? await RenderAsync(page, subject, draft ?? await FillAsync(page, subject), StatusCodes.Status200OK)
            : draft is null ? TypedResults.NotFound()
            : await RenderGoneAsync(page, draft);
    }

    public sealed override async Task<IResult> SendAsync(PageContext page)
    {
        var input = page.Form;
        if (await FindAsync(page) is not { } subject)
        {
            return await RenderGoneAsync(page, input);
        }

        if (VersionOf(subject) is { } version && input.Value(VersionField) != version)
        {
            return await RenderOutdatedAsync(page, subject, input);
        }

        Reasons.Check(input, ReasonField);
        return await SubmitAsync(page, subject, input) switch
        {
            FormResult.Done(var path, var message) => page.Redirect(path, message),
            FormResult.Rejected(var status) => await RenderAsync(page, subject, input, status),
            FormResult.Outdated when await FindAsync(page) is { } newer => await RenderOutdatedAsync(page, newer, input),
            _ => await RenderGoneAsync(page, input),
        };
    }

    /// <returns>The subject; <see langword="null"/> where there is none, or none for the caller.</returns>
    protected abstract Task<TSubject?> FindAsync(PageContext page);

    /// <returns>What stands in the form at first.</returns>
    protected virtual Task<FormInput> FillAsync(PageContext page, TSubject subject) => Task.FromResult(FormInput.Create());

    protected abstract Task<IResult> RenderAsync(PageContext page, TSubject subject, FormInput input, int status);

    /// <summary>Says in the form what is wrong with it, or does what it asks for.</summary>
    protected abstract Task<FormResult> SubmitAsync(PageContext page, TSubject subject, FormInput input);

    /// <returns>The version, where a form that was opened before another change must not undo it.</returns>
    protected virtual string? VersionOf(TSubject subject) => null;

    /// <summary>Says in a form that was opened before another change what that was. It goes on from the version that is saved.</summary>
    protected virtual Task<FormInput> ReconcileAsync(PageContext page, TSubject subject, FormInput input) => Task.FromResult(input);

    /// <summary>Answers a form whose subject is not there any more.</summary>
    protected virtual Task<IResult> RenderGoneAsync(PageContext page, FormInput input) => Task.FromResult<IResult>(TypedResults.NotFound());

    private async Task<IResult> RenderOutdatedAsync(PageContext page, TSubject subject, FormInput input) => await RenderAsync(
        page, subject, await ReconcileAsync(page, subject, input.With(VersionField, VersionOf(subject))), StatusCodes.Status409Conflict);
}

/// <summary>What came of a form that was sent.</summary>
internal abstract record FormResult
{
    /// <summary>The form says what is wrong with it.</summary>
    public static readonly FormResult Invalid = new Rejected(StatusCodes.Status422UnprocessableEntity);

    /// <summary>The form says what it conflicts with.</summary>
    public static readonly FormResult Conflict = new Rejected(StatusCodes.Status409Conflict);

    private FormResult()
    {
    }

    /// <summary>It is done, which the page at the address says.</summary>
    public sealed record Done(string Path, string Message) : FormResult;

    public sealed record Rejected(int Status) : FormResult;

    /// <summary>Somebody has changed the subject since the form was opened.</summary>
    public sealed record Outdated : FormResult;

    /// <summary>Somebody has deleted the subject since the form was opened.</summary>
    public sealed record Gone : FormResult;
}

internal static class PageFormEndpoints
{
    /// <summary>Maps a form, with its services.</summary>
    /// <param name="routes">A route group of pages.</param>
    /// <param name="path">The form's address.</param>
    /// <param name="toSend">What is needed to send it, besides what is needed to open it.</param>
    public static RouteGroupBuilder MapForm<TForm>(this IEndpointRouteBuilder routes, string path, Permission? toSend = null)
        where TForm : PageForm
    {
        var create = ActivatorUtilities.CreateFactory<TForm>([]);
        return routes.MapForm(path, page => create(page.Http.RequestServices, []), toSend);
    }

    public static RouteGroupBuilder MapForm(this IEndpointRouteBuilder routes, string path, Func<PageContext, PageForm> create, Permission? toSend = null)
    {
        var group = routes.MapGroup(path);
        group.MapGet("", (PageContext page) => create(page).ShowAsync(page));
        var send = group.MapPost("", (PageContext page) => create(page).SendAsync(page));
        if (toSend is { } permission)
        {
            send.RequirePermission(permission);
        }

        return group;
    }
}
