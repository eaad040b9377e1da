using System.Collections.Frozen;
using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.AccountPages;

/// <summary>A change of several accounts: what it is about, what it would change, and how far it is.</summary>
/// <param name="Change">What is to be done.</param>
/// <param name="Input">What stands in the form, with what is wrong.</param>
/// <param name="Accounts">Those that it is about, or the first of them.</param>
/// <param name="Total">How many were chosen; <see langword="null"/> for all that a filter finds: nobody counts them beforehand.</param>
/// <param name="Progress">How far it is; <see langword="null"/> before it has begun.</param>
public sealed record BulkView(BulkChange Change, FormInput Input, IReadOnlyList<BulkLine> Accounts, int? Total, BulkProgress? Progress);

/// <summary>What can be done with several accounts at once.</summary>
public enum BulkAction
{
    /// <summary>Disable them.</summary>
    Disable,

    /// <summary>Enable them.</summary>
    Enable,

    /// <summary>Put them into a group, by hand.</summary>
    Join,

    /// <summary>Take them out of a group that they are in directly.</summary>
    Leave,
}

/// <summary>What is to be done with several accounts.</summary>
/// <param name="Action">What.</param>
/// <param name="Group">The name of the group, where it is about one.</param>
/// <param name="Ids">The accounts, where they were ticked.</param>
/// <param name="All">Whether all that the filter finds are meant, on every page of the list.</param>
/// <param name="Filter">The filter of the list that it was begun on.</param>
public sealed record BulkChange(BulkAction Action, string Group, IReadOnlyList<Guid> Ids, bool All, AccountListFilter Filter)
{
    private static readonly FrozenDictionary<string, BulkAction> Actions =
        Enum.GetValues<BulkAction>().ToFrozenDictionary(NameOf, StringComparer.Ordinal);

    /// <summary>What it does, in the words of a button.</summary>
    public string Title => Action switch
    {
        BulkAction.Disable => "Disable",
        BulkAction.Enable => "Enable",
        BulkAction.Join => $"Put into the group {Group}",
        _ => $"Take out of the group {Group}",
    };

    /// <summary>Whether it is about a group, and not about the accounts themselves.</summary>
    public bool IsMembership => Action is BulkAction.Join or BulkAction.Leave;

    /// <summary>Whom the filter finds that can change: of those to be disabled, none that is off already.</summary>
    internal AccountListFilter Found => Action switch
    {
        BulkAction.Disable => Filter with { Enabled = "true" },
        BulkAction.Enable => Filter with { Enabled = "false" },
        _ => Filter,
    };

    /// <summary>What is needed for it besides looking at accounts.</summary>
    internal Permission Needed => IsMembership ? GroupPermissions.Change : AccountPermissions.Change;

    /// <returns>The name of an action in a form.</returns>
    public static string NameOf(BulkAction action) => action switch
    {
        BulkAction.Disable => "disable",
        BulkAction.Enable => "enable",
        BulkAction.Join => "join",
        _ => "leave",
    };

    /// <returns>What a form asks for; <see langword="null"/> if it names no action that there is.</returns>
    internal static BulkChange? Read(FormInput input)
    {
        if (!Actions.TryGetValue(input.Value("action"), out var action))
        {
            return null;
        }

        var all = input.Has("all");
        var filter = AccountListFilter.Read(name => input.Value("filter-" + name));
        var change = new BulkChange(action, "", [], all, filter);
        return change with
        {
            Group = change.IsMembership ? input.Value("group") : "",
            Ids = all ? [] : [.. input.Values("ids").Select(text => Guid.TryParse(text, out var id) ? id : Guid.Empty).Where(id => id != Guid.Empty).Take(AccountPageEndpoints.PageSize)],
        };
    }
}

/// <summary>One account of a change.</summary>
/// <param name="Account">The account.</param>
/// <param name="Now">How it is.</param>
/// <param name="Outcome">What would become of it, or has.</param>
/// <param name="Changes">Whether anything would change.</param>
public sealed record BulkLine(AccountResponse Account, string Now, string Outcome, bool Changes);

/// <summary>How far a change of several accounts is.</summary>
/// <param name="Seen">How many accounts it has come by.</param>
/// <param name="Changed">How many of them it changed.</param>
/// <param name="Next">Where it goes on.</param>
/// <param name="ByItself">Whether the page goes on by itself. Not where somebody has signed in again meanwhile: they say so first.</param>
public sealed record BulkProgress(int Seen, int Changed, string Next, bool ByItself);
