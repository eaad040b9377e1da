using System.Globalization;
using Api.Accounts;
using Api.Admin.Forms;
using Api.Admin.GroupPages;
using Api.Groups;
using Api.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Api.Admin.AccountPages;

/// <summary>
/// Changes several accounts: first a page that says what would change, then the change in steps, each a request of its own
/// that says how far it is. All that a step needs is in its form, so any instance can do the next one.
/// </summary>
internal static class BulkPageEndpoints
{
    private const int StepSize = 100;

    public static void MapBulkPages(this IEndpointRouteBuilder admin)
    {
        admin.MapGet("/accounts/bulk", () => TypedResults.LocalRedirect("/admin/accounts")).RequirePermission("account", Permission.View);
        admin.MapPost("/accounts/bulk", PreviewAsync).RequirePermission("account", Permission.View);
        admin.MapGet("/accounts/bulk/apply", () => TypedResults.LocalRedirect("/admin/accounts")).RequirePermission("account", Permission.View);
        admin.MapPost("/accounts/bulk/apply", ApplyAsync).RequirePermission("account", Permission.View);
    }

    private static async Task<IResult> PreviewAsync(
        IFormCollection form, HttpContext context, Caller caller, Delegation delegation, AccountPageReader reader, AccountStore store, CancellationToken cancellationToken)
    {
        var input = FormInput.Of(form);
        var change = Read(input);
        return Refuse(context, caller, change) ?? await ConfirmAsync(context, caller, change, Check(input, change, caller, delegation), reader, store, cancellationToken);
    }

    private static async Task<IResult> ApplyAsync(
        IFormCollection form, HttpContext context, Caller caller, Delegation delegation, AccountPageReader reader, AccountStore store, GroupStore groups, CancellationToken cancellationToken)
    {
        var input = FormInput.Of(form);
        var change = Read(input);
        if (Refuse(context, caller, change) is { } refused)
        {
            return refused;
        }

        Reasons.Check(input);
        var after = input.Value("after") is { Length: > 0 } place ? place : null;
        if (after is not null && change.Filter is not null && !AccountPageReader.IsPlace(change.Filter, after))
        {
            input.Add("", "This step does not say where the one before has ended, so nothing was changed by it. Begin anew: what is changed already stays so.");
        }

        if (!Check(input, change, caller, delegation).IsValid)
        {
            return await ConfirmAsync(context, caller, change, input, reader, store, cancellationToken);
        }

        var (accounts, next) = await StepAsync(caller, change, after, reader, store, cancellationToken);
        var changed = 0;
        foreach (var account in accounts)
        {
            changed += await ChangeAsync(account, change, input.Value("reason"), caller, store, groups, cancellationToken) ? 1 : 0;
        }

        var progress = new BulkProgress(Number(input, "seen") + accounts.Count, Number(input, "changed") + changed, next);
        return Page(context, caller, new BulkView(change, input, [], Total(change), progress));
    }

    private static async Task<IResult> ConfirmAsync(
        HttpContext context, Caller caller, BulkChange change, FormInput input, AccountPageReader reader, AccountStore store, CancellationToken cancellationToken)
    {
        var (accounts, _) = await StepAsync(caller, change, after: null, reader, store, cancellationToken);
        var group = FindGroup(caller, change);
        return Page(
            context,
            caller,
            new BulkView(change, input, [.. accounts.Take(AccountPageEndpoints.PageSize).Select(account => Foresee(account, change, group, caller))], Total(change), Progress: null),
            input.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    private static RazorComponentResult Page(HttpContext context, Caller caller, BulkView view, int status = StatusCodes.Status200OK) =>
        Pages.Of<BulkPage, BulkView>(context, caller, view, status);

    // Nobody switches off their own account; what is so already stays so.
    private static BulkLine Foresee(AccountResponse account, BulkChange change, GroupRule? group, Caller caller) => change.Action switch
    {
        "switch-off" when account.Id == caller.AccountId => new BulkLine(account, "stays on: it is your own", Changes: false),
        "switch-off" => account.Active ? new BulkLine(account, "switched off", Changes: true) : new BulkLine(account, "is off already", Changes: false),
        "switch-on" => account.Active ? new BulkLine(account, "is on already", Changes: false) : new BulkLine(account, "switched on", Changes: true),
        "join" => new BulkLine(account, $"in the group {group?.Name ?? change.Group}, by hand", Changes: group is not null),
        _ => new BulkLine(account, $"not in the group {group?.Name ?? change.Group} by hand", Changes: group is not null),
    };

    private static async Task<bool> ChangeAsync(
        AccountResponse account, BulkChange change, string reason, Caller caller, AccountStore store, GroupStore groups, CancellationToken cancellationToken)
    {
        switch (change.Action)
        {
            case "switch-off" or "switch-on":
                var active = change.Action == "switch-on";
                return (active || account.Id != caller.AccountId)
                    && account.Active != active
                    && await store.SwitchAsync(account.Id, active, caller.Actor, reason, cancellationToken) is not null;
            case "join":
                return await groups.AddMemberAsync(FindGroup(caller, change)!.Id, account.Id, caller.Actor.Because(reason), cancellationToken);
            default:
                return await groups.RemoveMemberAsync(FindGroup(caller, change)!.Id, account.Id, caller.Actor.Because(reason), cancellationToken);
        }
    }

    private static async Task<(IReadOnlyList<AccountResponse> Accounts, string? Next)> StepAsync(
        Caller caller, BulkChange change, string? after, AccountPageReader reader, AccountStore store, CancellationToken cancellationToken)
    {
        if (change.Filter is null)
        {
            // At most as many as a page has: one step.
            return ([.. (await store.FindAsync(change.Ids, cancellationToken)).Select(AccountEndpoints.ToResponse)], null);
        }

        var (accounts, next, _) = await reader.ListAsync(caller, change.Filter, after, StepSize, cancellationToken);
        return (accounts, next);
    }

    private static BulkChange Read(FormInput input)
    {
        var action = input.Value("action") is "switch-on" or "join" or "leave" or "switch-off" ? input.Value("action") : "switch-off";
        var filter = !input.Has("all") ? null : AccountPageReader.Clean(new AccountListFilter(
            input.Value("filter-search"), input.Value("filter-kind"), Wanted(action) ?? input.Value("filter-active"), input.Value("filter-group"), input.Value("filter-seen"), Sort: null));
        Guid[] ids = filter is not null ? [] : [.. input.Values("ids").Select(text => Guid.TryParse(text, out var id) ? id : Guid.Empty).Where(id => id != Guid.Empty).Take(AccountPageEndpoints.PageSize)];
        return new BulkChange(action, action is "join" or "leave" ? input.Value("group") : "", ids, filter);

        // Of those that a filter finds, only those that can change are gone through.
        static string? Wanted(string action) => action switch { "switch-off" => "true", "switch-on" => "false", _ => null };
    }

    private static FormInput Check(FormInput input, BulkChange change, Caller caller, Delegation delegation)
    {
        if (change.Filter is null && change.Ids.Count == 0)
        {
            input.Add("", "No account is ticked. Go back and tick some, or choose all that the filter finds.");
        }

        // A list without its filter is shown and says so; here everybody would be changed. Rules may change between two steps, too.
        if (change.Filter is { Group: { Length: > 0 } name })
        {
            switch (caller.Rules.FindGroup(name))
            {
                case null:
                    input.Add("", $"There is no group {name}, so nobody can be found by it. Go back and mend the filter.");
                    break;
                case { ForEverybody: true }:
                    input.Add("", $"The group {name} is for everybody. Go back and take it out of the filter if you mean all accounts.");
                    break;
            }
        }

        if (change.Action is "join" or "leave")
        {
            GroupField.Read(input, change.Group, "", caller, delegation);
        }

        return input;
    }

    // What the action needs besides looking at accounts.
    private static IResult? Refuse(HttpContext context, Caller caller, BulkChange change)
    {
        var decision = caller.Decide(change.Action is "join" or "leave" ? new Permission("group", Permission.Change) : new Permission("account", Permission.Change));
        return decision.IsAllowed ? null : AdminEndpoints.Refuse(context, caller, decision);
    }

    private static GroupRule? FindGroup(Caller caller, BulkChange change) => caller.Rules.FindGroup(change.Group);

    private static int? Total(BulkChange change) => change.Filter is null ? change.Ids.Count : null;

    private static int Number(FormInput input, string name) =>
        int.TryParse(input.Value(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
