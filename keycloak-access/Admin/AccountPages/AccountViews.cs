using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.SessionPages;

namespace KeycloakAccess.Admin.AccountPages;

/// <summary>The list of accounts, as it is filtered.</summary>
/// <param name="Accounts">One page.</param>
/// <param name="Filter">What the page is filtered by.</param>
/// <param name="First">The first page, where this is another.</param>
/// <param name="Next">The next page, where there is one.</param>
public sealed record AccountListView(IReadOnlyList<AccountResponse> Accounts, AccountListFilter Filter, string? First, string? Next);

/// <summary>What stands in the filters of the list.</summary>
/// <param name="Search">The beginning of a word of user name, e-mail or name.</param>
/// <param name="Kind"><c>person</c>, <c>service</c> or nothing.</param>
/// <param name="Enabled"><c>true</c>, <c>false</c> or nothing.</param>
/// <param name="Group">The name of a group.</param>
/// <param name="Seen">Seen within so many days.</param>
/// <param name="Sort">The order.</param>
public sealed record AccountListFilter(string? Search, string? Kind, string? Enabled, string? Group, string? Seen, string? Sort)
{
    /// <summary>Whether only accounts are listed that are in no group.</summary>
    public bool NoGroup { get; init; }

    /// <summary>What is wrong with it, for people.</summary>
    public string? Mistake { get; init; }

    /// <summary>Whether it leaves anything out.</summary>
    public bool IsEmpty => !NoGroup && string.IsNullOrEmpty(Search + Kind + Enabled + Group + Seen);

    /// <summary>Whether it is about who is in which group.</summary>
    internal bool IsByGroup => NoGroup || !string.IsNullOrEmpty(Group);

    /// <summary>Whether it can find nobody.</summary>
    internal bool Contradicts => NoGroup && !string.IsNullOrEmpty(Group);

    /// <returns>The list with this filter, and other values where they are given.</returns>
    public string Path(string? sort = null, string? after = null) => Links.To(
        "/admin/accounts",
        ("search", Search), ("kind", Kind), ("enabled", Enabled), ("group", Group), ("seen", Seen), ("nogroup", NoGroup ? "on" : null), ("sort", sort ?? Sort), ("after", after));
}

/// <summary>One account with everything that is known of it.</summary>
/// <param name="Account">The account.</param>
/// <param name="IsOwn">Whether it is the viewer's own.</param>
/// <param name="Access">What it may do, and why; <see langword="null"/> where the viewer may not look at access.</param>
/// <param name="Sessions">Its sessions in browsers.</param>
/// <param name="Did">What it did last.</param>
/// <param name="Happened">What was done to it last.</param>
/// <param name="Switch">The form that enables it or off.</param>
/// <param name="Join">The form that puts it into a group.</param>
/// <param name="End">The form that ends its sessions.</param>
public sealed record AccountView(
    AccountResponse Account,
    bool IsOwn,
    AccountAccessView? Access,
    IReadOnlyList<SessionView> Sessions,
    IReadOnlyList<ActivityView> Did,
    IReadOnlyList<ActivityView> Happened,
    FormInput Switch,
    FormInput Join,
    FormInput End)
{
    /// <summary>Its page.</summary>
    public string Path => $"/admin/accounts/{Account.Id}";
}

/// <summary>What an account may do, and why.</summary>
/// <param name="RolesKnown">Whether any token has said its roles.</param>
/// <param name="Roles">What Keycloak said last.</param>
/// <param name="Groups">The groups that it is in, and why.</param>
/// <param name="Permissions">What it may do, each with the grant paths behind it; what is denied too.</param>
public sealed record AccountAccessView(
    bool RolesKnown, IReadOnlyList<string> Roles, IReadOnlyList<GroupMembershipView> Groups, IReadOnlyList<PermissionView> Permissions);

/// <summary>That an account is in a group.</summary>
/// <param name="Id">The group.</param>
/// <param name="Name">The group's name.</param>
/// <param name="Because">What put the account there.</param>
/// <param name="Direct">Whether somebody's hand did.</param>
public sealed record GroupMembershipView(Guid Id, string Name, IReadOnlyList<string> Because, bool Direct);

/// <summary>A permission that an account has, or is denied.</summary>
/// <param name="Permission"><c>model:action</c>.</param>
/// <param name="IsAllowed">Whether it may, in the end.</param>
/// <param name="Grants">The grant paths that grant it.</param>
/// <param name="Denials">The grant paths that deny it.</param>
public sealed record PermissionView(
    string Permission, bool IsAllowed, IReadOnlyList<IReadOnlyList<GrantPathStep>> Grants, IReadOnlyList<IReadOnlyList<GrantPathStep>> Denials);

/// <summary>A line of the audit log, in a sentence.</summary>
/// <param name="Id">The row.</param>
/// <param name="At">When.</param>
/// <param name="Account">Who.</param>
/// <param name="Text">What.</param>
/// <param name="Reason">Why, where that was said.</param>
/// <param name="IsRefusal">Whether it was refused.</param>
public sealed record ActivityView(Guid Id, DateTimeOffset At, string Account, string Text, string? Reason, bool IsRefusal);
