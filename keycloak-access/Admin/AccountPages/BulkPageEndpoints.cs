using System.Globalization;
using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Groups;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Admin.AccountPages;

/// <summary>
/// Changes several accounts: first a page that says what would change, then the change in steps, each a request of its own
/// that says how far it is. All that a step needs is in its form, so any instance can do the next one.
/// </summary>
internal static class BulkPageEndpoints
{
    private const int StepSize = 100;

    public static void MapBulkPages(this IEndpointRouteBuilder admin)
    {
        var bulk = admin.MapGroup("/accounts/bulk").RequirePermission(AccountPermissions.View);
        bulk.MapGet("", GoOnAsync);
        bulk.MapPost("", PreviewAsync);
        bulk.MapGet("/apply", GoOnAsync);
        bulk.MapPost("/apply", ApplyAsync);
    }

    // Only a form that was kept while its session had ended makes a page here.
    private static async Task<IResult> GoOnAsync(PageContext page, BulkPageReader reader)
    {
        var input = await page.FindDraftAsync() ?? FormInput.Create();
        if (BulkChange.Read(input) is not { } change)
        {
            return TypedResults.LocalRedirect("/admin/accounts");
        }

        if (page.Refuse(change.Needed) is { } refused)
        {
            return refused;
        }

        return Check(input, change, page).IsValid && input.Value("after") is { Length: > 0 } after
            ? Page(page, new BulkView(change, input, [], Total(change), new BulkProgress(Number(input, "seen"), Number(input, "changed"), after, ByItself: false)))
            : await ConfirmAsync(page, change, input, reader);
    }

    private static async Task<IResult> PreviewAsync(PageContext page, BulkPageReader reader)
    {
        var input = page.Form;
        return BulkChange.Read(input) is not { } change
            ? StatusPages.RenderError(page.Http, StatusCodes.Status400BadRequest)
            : page.Refuse(change.Needed) ?? await ConfirmAsync(page, change, Check(input, change, page), reader);
    }

    private static async Task<IResult> ApplyAsync(PageContext page, BulkPageReader reader, AccountCommands accounts, GroupCommands groups)
    {
        var input = page.Form;
        if (BulkChange.Read(input) is not { } change)
        {
            return StatusPages.RenderError(page.Http, StatusCodes.Status400BadRequest);
        }

        if (page.Refuse(change.Needed) is { } refused)
        {
            return refused;
        }

        Reasons.Check(input);
        var after = input.Value("after") is { Length: > 0 } place ? place : null;
        if (after is not null && change.All && !AccountListReader.IsPlace(change.Found, after))
        {
            input.Add("", "This step does not say where the one before has ended, so nothing was changed by it. Begin anew: what is changed already stays so.");
        }

        if (!Check(input, change, page).IsValid)
        {
            return await ConfirmAsync(page, change, input, reader);
        }

        var (lines, next) = await reader.ReadAsync(page, change, after, StepSize);
        var changed = Number(input, "changed");
        foreach (var line in lines.Where(line => line.Changes))
        {
            changed += await ChangeAsync(line.Account.Id, change, page, accounts, groups) ? 1 : 0;
        }

        var seen = Number(input, "seen") + lines.Count;
        // How many of them were in the group is told to those alone who may look at access.
        var result = change.IsMembership && !page.Caller.May(AccessPermissions.View)
            ? $"{change.Title}: done with {BulkPage.Number(seen)} accounts."
            : $"{change.Title}: {BulkPage.Number(seen)} accounts looked at, {BulkPage.Number(changed)} changed.";
        return next is null
            ? page.Redirect(change.Filter.Path(), result)
            : Page(page, new BulkView(change, input, [], Total(change), new BulkProgress(seen, changed, next, ByItself: true)));
    }

    private static async Task<IResult> ConfirmAsync(PageContext page, BulkChange change, FormInput input, BulkPageReader reader)
    {
        var (lines, _) = await reader.ReadAsync(page, change, after: null, AccountPageEndpoints.PageSize);
        return Page(page, new BulkView(change, input, lines, Total(change), Progress: null), input.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    private static RazorComponentResult Page(PageContext page, BulkView view, int status = StatusCodes.Status200OK) =>
        page.Render<BulkPage, BulkView>(view, status);

    private static async Task<bool> ChangeAsync(Guid id, BulkChange change, PageContext page, AccountCommands accounts, GroupCommands groups)
    {
        var group = page.Caller.Rules.FindGroup(change.Group)?.Id ?? Guid.Empty;
        return change.Action switch
        {
            BulkAction.Join => (await groups.AddMemberAsync(group, id, page.Author, page.Cancellation)).IsChanged,
            BulkAction.Leave => (await groups.RemoveMemberAsync(group, id, page.Author, page.Cancellation)).IsChanged,
            _ => (await accounts.SetEnabledAsync(id, change.Action == BulkAction.Enable, page.Author.Actor, page.Cancellation)).IsChanged,
        };
    }

    private static FormInput Check(FormInput input, BulkChange change, PageContext page)
    {
        if (!change.All && change.Ids.Count == 0)
        {
            input.Add("", "No account is ticked. Go back and tick some, or choose all that the filter finds.");
        }

        if (change.All && change.Filter.IsByGroup && !page.Caller.May(AccessPermissions.View))
        {
            input.Add("", AccountListReader.NotByGroup);
        }

        if (change is { All: true, Filter.Contradicts: true })
        {
            input.Add("", AccountListReader.Contradiction);
        }

        // A list without its filter is shown and says so; here everybody would be changed. Rules may change between two steps, too.
        if (change is { All: true, Filter.Group: { Length: > 0 } name })
        {
            switch (page.Caller.Rules.FindGroup(name))
            {
                case null:
                    input.Add("", $"There is no group {name}, so nobody can be found by it. Go back and mend the filter.");
                    break;
                case { IsDefault: true }:
                    input.Add("", $"The group {name} is a default group. Go back and take it out of the filter if you mean all accounts.");
                    break;
            }
        }

        if (change.IsMembership && GroupField.Read(input, change.Group, "", page) is { } group && page.GrantGuard.Refuse(group) is { } refused)
        {
            input.Show(refused);
        }

        return input;
    }

    private static int? Total(BulkChange change) => change.All ? null : change.Ids.Count;

    private static int Number(FormInput input, string name) =>
        int.TryParse(input.Value(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}

/// <summary>Reads whom a change of several accounts is about, and foresees what becomes of each.</summary>
internal sealed class BulkPageReader(AccountListReader pages, AccountStore accounts, GroupStore groups)
{
    /// <returns>Some of the accounts, and where the next ones start. Those that were ticked are at most as many as a page has: all at once.</returns>
    public async Task<(IReadOnlyList<BulkLine> Lines, string? Next)> ReadAsync(PageContext page, BulkChange change, string? after, int limit)
    {
        var (found, next) = change.All
            ? await FilteredAsync(page, change, after, limit)
            : ([.. (await accounts.FindAsync(change.Ids, page.Cancellation)).Select(AccountEndpoints.ToResponse)], null);
        var group = change.IsMembership ? page.Caller.Rules.FindGroup(change.Group) : null;
        // Who is in it already is told to those alone who may look at access. For others all are taken as if they were to change.
        var members = group is not null && page.Caller.May(AccessPermissions.View)
            ? await groups.MembersAmongAsync(group.Id, [.. found.Select(account => account.Id)], page.Cancellation)
            : null;
        return ([.. found.Select(account => change.IsMembership ? Foresee(account, change, group, members) : Foresee(account, change, page))], next);
    }

    private async Task<(IReadOnlyList<AccountResponse> Accounts, string? Next)> FilteredAsync(PageContext page, BulkChange change, string? after, int limit)
    {
        var (found, next, _) = await pages.ListAsync(page.Caller, change.Found, after, limit, page.Cancellation);
        return (found, next);
    }

    // Nobody disables their own account; what is so already stays so.
    private static BulkLine Foresee(AccountResponse account, BulkChange change, PageContext page) => (change.Action, account.Enabled) switch
    {
        (BulkAction.Disable, _) when account.Id == page.Caller.AccountId => new BulkLine(account, "enabled", "stays on: it is your own", Changes: false),
        (BulkAction.Disable, true) => new BulkLine(account, "enabled", "disabled", Changes: true),
        (BulkAction.Disable, false) => new BulkLine(account, "disabled", "is off already", Changes: false),
        (_, true) => new BulkLine(account, "enabled", "is on already", Changes: false),
        (_, false) => new BulkLine(account, "disabled", "enabled", Changes: true),
    };

    private static BulkLine Foresee(AccountResponse account, BulkChange change, GroupRule? group, IReadOnlySet<Guid>? members)
    {
        if (group is null)
        {
            return new BulkLine(account, "", "stays as it is", Changes: false);
        }

        return (change.Action, members?.Contains(account.Id)) switch
        {
            (BulkAction.Join, null) => new BulkLine(account, "", $"in the group {group.Name}, directly", Changes: true),
            (_, null) => new BulkLine(account, "", $"not in the group {group.Name} directly", Changes: true),
            (BulkAction.Join, true) => new BulkLine(account, "in the group directly", "is in it already", Changes: false),
            (BulkAction.Join, false) => new BulkLine(account, "not in it directly", $"in the group {group.Name}, directly", Changes: true),
            (_, true) => new BulkLine(account, "in the group directly", $"not in the group {group.Name} directly", Changes: true),
            (_, false) => new BulkLine(account, "not in it directly", "there is nothing to take away; roles of Keycloak may lead into it", Changes: false),
        };
    }
}
