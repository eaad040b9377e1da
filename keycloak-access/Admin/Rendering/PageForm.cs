using System.Globalization;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Rendering;

internal abstract class PageForm
{
    public abstract Task<IResult> ShowAsync(PageContext page);

    public abstract Task<IResult> PreviewAsync(PageContext page);

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
    protected virtual string ReasonField => "reason";

    /// <summary>The field with the version of the subject that the sender has seen.</summary>
    protected virtual string VersionField => "version";

    /// <summary>The field that a refusal stands beside; empty for the form as a whole.</summary>
    protected virtual string RefusedField => "";

    public sealed override async Task<IResult> ShowAsync(PageContext page)
    {
        var draft = await page.FindDraftAsync();
        return await FindAsync(page) is { } subject
            ? await RenderAsync(page, subject, draft ?? await FillAsync(page, subject), StatusCodes.Status200OK)
            : draft is null ? TypedResults.NotFound()
            : await RenderGoneAsync(page, draft);
    }

    public sealed override async Task<IResult> PreviewAsync(PageContext page) => await FindAsync(page) is { } subject
        ? await RenderAsync(page, subject, page.Form, StatusCodes.Status200OK)
        : await RenderGoneAsync(page, page.Form);

    public sealed override async Task<IResult> SendAsync(PageContext page)
    {
        var input = page.Form;
        if (await FindAsync(page) is not { } subject)
        {
            return await RenderGoneAsync(page, input);
        }

        if (VersionOf(subject) is not null && input.Value(VersionField) != VersionText(subject))
        {
            return await RenderOutdatedAsync(page, subject, input);
        }

        Reasons.Check(input, ReasonField);
        return (input.IsValid ? await SubmitAsync(page, subject, input) : FormResult.Invalid) switch
        {
            FormResult.Done(var path, var message) => page.Redirect(path, message),
            FormResult.Failed(ChangeFailure.StepUp(var rule, _)) => await page.SignInAnewAsync(rule),
            FormResult.Failed(ChangeFailure.PreconditionFailed) when await FindAsync(page) is { } newer =>
                await RenderOutdatedAsync(page, newer, input),
            FormResult.Failed(ChangeFailure.PreconditionFailed or ChangeFailure.NotFound) => await RenderGoneAsync(page, input),
            FormResult.Failed(var failure) => await RenderAsync(page, subject, input, input.Show(failure, RefusedField, FieldOf)),
            _ => await RenderAsync(page, subject, input, StatusCodes.Status422UnprocessableEntity),
        };
    }

    /// <summary>The subject; <see langword="null"/> where there is none, or none for the caller.</summary>
    protected abstract Task<TSubject?> FindAsync(PageContext page);

    protected virtual Task<FormInput> FillAsync(PageContext page, TSubject subject) =>
        Task.FromResult(FormInput.Create((VersionField, VersionText(subject))));

    protected abstract Task<IResult> RenderAsync(PageContext page, TSubject subject, FormInput input, int status);

    protected abstract Task<FormResult> SubmitAsync(PageContext page, TSubject subject, FormInput input);

    /// <summary>The version, where a form that was opened before another change must not undo it.</summary>
    protected virtual int? VersionOf(TSubject subject) => null;

    /// <summary>Says in a form that was opened before another change what that was. It goes on from the version that is saved.</summary>
    protected virtual Task<FormInput> ReconcileAsync(PageContext page, TSubject subject, FormInput input) => Task.FromResult(input);

    protected virtual Task<IResult> RenderGoneAsync(PageContext page, FormInput input) => Task.FromResult<IResult>(TypedResults.NotFound());

    protected virtual string FieldOf(string name) => name;

    protected ChangeAuthor AuthorOf(PageContext page) => new(page.GrantGuard, page.Form.Value(ReasonField))
    {
        AllowsNoSuperuser = page.Form.Has(FormInput.AllowNoSuperuser),
    };

    private string? VersionText(TSubject subject) => VersionOf(subject)?.ToString(CultureInfo.InvariantCulture);

    private async Task<IResult> RenderOutdatedAsync(PageContext page, TSubject subject, FormInput input) => await RenderAsync(
        page, subject, await ReconcileAsync(page, subject, input.With(VersionField, VersionText(subject))), StatusCodes.Status409Conflict);
}

internal abstract record FormResult
{
    /// <summary>The form says what is wrong with it.</summary>
    public static readonly FormResult Invalid = new Rejected();

    private FormResult()
    {
    }

    public static implicit operator FormResult(ChangeFailure failure) => new Failed(failure);

    public sealed record Done(string Path, PageMessage Message) : FormResult;

    public sealed record Failed(ChangeFailure Failure) : FormResult;

    private sealed record Rejected : FormResult;
}

internal static class PageFormEndpoints
{
    /// <summary>Maps a form. To send it takes the permissions besides those that it takes to open it.</summary>
    public static RouteGroupBuilder MapForm<TForm>(this IEndpointRouteBuilder routes, string path, params Permission[] toSend)
        where TForm : PageForm => routes.MapForm(path, Creator<TForm>(), toSend);

    public static RouteGroupBuilder MapForm(
        this IEndpointRouteBuilder routes, string path, Func<PageContext, PageForm> create, params Permission[] toSend)
    {
        var group = routes.MapGroup(path);
        group.MapGet("", (PageContext page) => create(page).ShowAsync(page));
        var send = group.MapPost("", (PageContext page) => create(page).SendAsync(page));
        foreach (var permission in toSend)
        {
            send.RequirePermission(permission);
        }

        return group;
    }

    public static RouteGroupBuilder MapPreview<TForm>(this IEndpointRouteBuilder routes, string path)
        where TForm : PageForm
    {
        var create = Creator<TForm>();
        var group = routes.MapGroup(path);
        group.MapGet("", (PageContext page) => create(page).ShowAsync(page));
        group.MapPost("", (PageContext page) => create(page).PreviewAsync(page));
        return group;
    }

    private static Func<PageContext, PageForm> Creator<TForm>()
        where TForm : PageForm
    {
        var create = ActivatorUtilities.CreateFactory<TForm>([]);
        return page => create(page.Http.RequestServices, []);
    }
}
