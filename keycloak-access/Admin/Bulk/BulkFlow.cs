using System.Globalization;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Bulk;

/// <summary>
/// Changes several things of a list: first a page that says what would change and what stands in the way, then the change in
/// steps, each a request of its own that says how far it is. All that a step needs is in its form, so any instance can do the
/// next one. Why some were refused stands on a page of its own.
/// </summary>
internal abstract class BulkFlow<TChange>
    where TChange : BulkChange
{
    private const int StepSize = 100;
    private const int LongestRefusal = 300;
    private const string MissingField = "missing";
    private const string RefusedField = "refused";
    private const string WhyPrefix = "_why.";

    protected abstract BulkList List { get; }

    protected virtual string ReasonField => "reason";

    protected abstract int PageSize { get; }

    private string ResultPath => $"{List.Path}/bulk/result";

    /// <summary>The page after a sign-in, with the form that had been sent before it; there is nothing else to show.</summary>
    public async Task<IResult> ShowAsync(PageContext page) => await page.FindDraftAsync() is not { } input
        ? TypedResults.LocalRedirect("~" + List.Path)
        : await CheckAsync(page, input, change => input.IsValid && input.Value("after").Length > 0
            ? Task.FromResult<IResult>(RenderProgress(page, change, input, ReadProgress(page, change, input)))
            : ConfirmAsync(page, change, input));

    public Task<IResult> PreviewAsync(PageContext page) => CheckAsync(page, page.Form, change => ConfirmAsync(page, change, page.Form));

    public Task<IResult> ApplyAsync(PageContext page)
    {
        var input = page.Form;
        Reasons.Check(input, ReasonField);
        return CheckAsync(page, input, change =>
        {
            if (FindStepUp(page, change) is { } rule)
            {
                return page.SignInAnewAsync(rule);
            }

            if (change.IsAll && input.Value("after") is { Length: > 0 } after && !IsPlace(change, after))
            {
                input.Add(
                    "",
                    "This step does not say where the one before has ended, so nothing was changed by it. "
                    + "Begin anew: what is changed already stays so.");
            }

            return input.IsValid ? ApplyAsync(page, change, input) : ConfirmAsync(page, change, input);
        });
    }

    public async Task<IResult> ReportAsync(PageContext page)
    {
        if (await page.FindDraftAsync() is not { } report || Read(report) is not { } change)
        {
            return TypedResults.LocalRedirect("~" + List.Path);
        }

        var step = await ListAsync(page, change, after: null, PageSize);
        return page.Render<BulkResultPage, BulkResultView>(new BulkResultView(
            List,
            change.Title,
            [.. step.Lines.Select(line => line with { Then = report.Value(WhyField(line.Id)) })],
            step.Missing + Number(report, MissingField),
            change.BackPath)
        {
            Refused = Number(report, RefusedField),
        });
    }

    protected abstract TChange? Read(FormInput input);

    protected abstract void Check(PageContext page, TChange change, FormInput input);

    /// <summary>Some of those that it is about. Those that were selected are all there at once.</summary>
    protected abstract Task<BulkStep> ListAsync(PageContext page, TChange change, string? after, int limit);

    /// <summary>Where it takes another sign-in than that of the session.</summary>
    protected virtual StepUpRule? FindStepUp(PageContext page, TChange change) => null;

    protected virtual bool IsPlace(TChange change, string after) => true;

    protected virtual Task<BulkStep> ForeseeAsync(PageContext page, TChange change) => ListAsync(page, change, after: null, PageSize);

    protected abstract Task<BulkOutcome> DoAsync(PageContext page, TChange change, BulkLine line, ChangeAuthor author);

    protected abstract string Summarize(PageContext page, TChange change, BulkCount count);

    /// <summary>How many all that the filter finds are, and how many of those are not yet as they are to be.</summary>
    protected virtual Task<(long All, long Open)> CountAsync(PageContext page, TChange change) =>
        Task.FromResult(((long)change.Ids.Count, (long)change.Ids.Count));

    protected virtual bool ShowsChanged(PageContext page, TChange change) => true;

    protected virtual string Chosen(int number) => number == 1 ? List.One : List.Many;

    protected virtual IResult RenderUnknown(PageContext page, FormInput input)
    {
        input.Add("", $"There is no action {input.Value("action")} here, so nothing was done. Go back and choose one.");
        return page.Render<BulkPage, BulkView>(View(change: null, input, []), StatusCodes.Status422UnprocessableEntity);
    }

    protected static string Format(long number) => Plural.Number(number);

    private async Task<IResult> CheckAsync(PageContext page, FormInput input, Func<TChange, Task<IResult>> next)
    {
        if (Read(input) is not { } change)
        {
            return RenderUnknown(page, input);
        }

        if (page.Refuse(change.Needed) is { } refusal)
        {
            return refusal;
        }

        Check(page, change, input);
        return await next(change);
    }

    private async Task<IResult> ApplyAsync(PageContext page, TChange change, FormInput input)
    {
        var before = ReadProgress(page, change, input);
        var step = await ListAsync(page, change, before.Next.Length > 0 ? before.Next : null, StepSize);
        var author = new ChangeAuthor(page.GrantGuard, input.Value(ReasonField));
        var changed = before.Changed;
        var declined = before.Refused;
        var refused = ReadRefused(input);
        foreach (var line in step.Lines.Where(line => line.Changes || line.IsRefused))
        {
            var outcome = line.IsRefused ? new BulkOutcome(IsChanged: false, line.Then) : await DoAsync(page, change, line, author);
            changed += outcome.IsChanged ? 1 : 0;
            if (outcome.Refusal is { } why)
            {
                declined++;
                refused.TryAdd(line.Id, ShortText.Cut(why, LongestRefusal));
            }
        }

        // A page of them says enough; how many they are is counted.
        refused = refused.Take(PageSize).ToDictionary(StringComparer.Ordinal);
        var seen = before.Seen + step.Lines.Count;
        if (step.Next is not null)
        {
            return RenderProgress(page, change, input, before with
            {
                Seen = seen,
                Changed = changed,
                Refused = declined,
                Why = refused,
                Next = step.Next,
                ByItself = true,
            });
        }

        var failed = declined + step.Missing;
        var summary = Summarize(page, change, new BulkCount(seen, changed, failed));
        // How many have changed may not be theirs to know; that some have not is.
        var message = ShowsChanged(page, change) ? PageMessage.Of(changed, failed, summary)
            : failed == 0 ? PageMessage.Done(summary)
            : PageMessage.Partly(summary);
        if (failed == 0)
        {
            return page.Redirect(change.BackPath, message);
        }

        var lines = refused.Keys.Select(id => new BulkLine(id, "", ""));
        var report = await page.KeepAsync(ResultPath, FormInput.Create(
        [
            (MissingField, step.Missing.ToString(CultureInfo.InvariantCulture)),
            (RefusedField, declined.ToString(CultureInfo.InvariantCulture)),
            .. (change with { IsAll = false, Ids = [.. refused.Keys] }).Fields(lines),
            .. WhyFields(refused),
        ]));
        return page.Redirect(report ?? change.BackPath, message);
    }

    private async Task<IResult> ConfirmAsync(PageContext page, TChange change, FormInput input)
    {
        var step = await ForeseeAsync(page, change);
        var possible = step.Lines.Count(line => line.Changes);
        var canApply = input.General.Count == 0 && (change.IsAll || possible > 0);
        var (all, open) = change.IsAll && input.General.Count == 0 ? await CountAsync(page, change) : (0, 0);
        canApply &= !change.IsAll || open > 0;
        var view = View(change, input, change.Fields(step.Lines)) with
        {
            Lines = step.Lines,
            Missing = step.Missing,
            CanApply = canApply,
            Lead = input.General.Count > 0 ? "Nothing would change."
                : change.IsAll && open == 0 ? $"The filter finds {List.Count(all)}. None of them would change."
                : change.IsAll
                    ? $"All that the filter finds are meant, on every page: {List.Count(all)}."
                        + (open == all ? "" : $" {Format(all - open)} of them {(all - open == 1 ? "is" : "are")} so already.")
                        + (step.Lines.Count < open ? $" These are the first {Format(step.Lines.Count)} of the other {Format(open)}." : "")
                : $"{Format(possible)} of {Format(step.Lines.Count)} {Chosen(step.Lines.Count)} would change.",
        };
        return page.Render<BulkPage, BulkView>(view, input.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    private PageResult RenderProgress(PageContext page, TChange change, FormInput input, BulkProgress progress) =>
        page.Render<BulkPage, BulkView>(
            View(change, input, [.. change.Fields([]), .. WhyFields(progress.Why)]) with { Progress = progress });

    private BulkView View(TChange? change, FormInput input, IEnumerable<(string Name, string? Value)> fields) => new()
    {
        List = List,
        Title = change?.Title,
        IsDestructive = change?.IsDestructive ?? false,
        BackPath = change?.BackPath ?? List.Path,
        ApplyPath = $"{List.Path}/bulk/apply",
        ReasonField = ReasonField,
        Input = input,
        Fields = fields,
    };

    private BulkProgress ReadProgress(PageContext page, TChange change, FormInput input) =>
        new(Number(input, "seen"), Number(input, "changed"), ShowsChanged(page, change), input.Value("after"), ByItself: false)
        {
            Refused = Number(input, "refused"),
            Why = ReadRefused(input),
        };

    private static Dictionary<string, string> ReadRefused(FormInput input) => input.Fields.Keys
        .Where(name => name.StartsWith(WhyPrefix, StringComparison.Ordinal))
        .ToDictionary(name => name[WhyPrefix.Length..], input.Value, StringComparer.Ordinal);

    private static IEnumerable<(string Name, string? Value)> WhyFields(IReadOnlyDictionary<string, string> refused) =>
        refused.Select(one => (WhyField(one.Key), (string?)one.Value));

    private static string WhyField(string id) => WhyPrefix + id;

    private static int Number(FormInput input, string name) =>
        int.TryParse(input.Value(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}

internal static class BulkFlowEndpoints
{
    /// <summary>Maps the steps of a flow. What is to be done decides which permission it takes, which the flow asks for.</summary>
    public static void MapBulkFlow<TChange>(
        this IEndpointRouteBuilder routes, string previewPath, Func<PageContext, BulkFlow<TChange>> create)
        where TChange : BulkChange
    {
        routes.MapGet(previewPath, (PageContext page) => create(page).ShowAsync(page));
        routes.MapPost(previewPath, (PageContext page) => create(page).PreviewAsync(page));
        routes.MapGet("/bulk/apply", (PageContext page) => create(page).ShowAsync(page));
        routes.MapPost("/bulk/apply", (PageContext page) => create(page).ApplyAsync(page));
        routes.MapGet("/bulk/result", (PageContext page) => create(page).ReportAsync(page));
    }
}
