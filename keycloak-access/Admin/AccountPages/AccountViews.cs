using System.Collections.Frozen;
using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Sessions;
using KeycloakAccess.Data;

namespace KeycloakAccess.Admin.AccountPages;

/// <summary>The list of accounts, as it is filtered.</summary>
public sealed record AccountListView(IReadOnlyList<AccountResponse> Accounts, AccountListFilter Filter, Paging Paging);

/// <summary>What stands in the filters of the list.</summary>
/// <param name="Search">The beginning of a word of user name, e-mail or name.</param>
/// <param name="Kind"><c>person</c>, <c>service</c> or nothing.</param>
/// <param name="Enabled"><c>true</c>, <c>false</c> or nothing.</param>
/// <param name="Group">The name of a group.</param>
/// <param name="Seen">Seen within so many days.</param>
/// <param name="Sort">The order.</param>
public sealed record AccountListFilter(string? Search, string? Kind, string? Enabled, string? Group, string? Seen, string? Sort)
{
    private const int Longest = 200;

    // Seen within so many days; before so many days where the number is negative.
    private static readonly FrozenDictionary<string, int> Days =
        new Dictionary<string, int>(StringComparer.Ordinal) { ["1"] = 1, ["7"] = 7, ["30"] = 30, ["not-30"] = -30, ["not-90"] = -90 }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Whether only accounts are listed that are in no group.</summary>
    public bool NoGroup { get; init; }

    /// <summary>What is wrong with it.</summary>
    public string? Mistake { get; init; }

    public bool IsEmpty => !NoGroup && string.IsNullOrEmpty(Search + Kind + Enabled + Group + Seen);

    /// <summary>Whether it is about who is in which group.</summary>
    internal bool IsByGroup => NoGroup || !string.IsNullOrEmpty(Group);

    /// <summary>Whether it can find nobody.</summary>
    internal bool Contradicts => NoGroup && !string.IsNullOrEmpty(Group);

    internal int SeenDays => Seen is null ? 0 : Days[Seen];

    /// <returns>The filter without what no filter has: an address may say anything.</returns>
    internal static AccountListFilter Read(Func<string, string?> value)
    {
        return new AccountListFilter(
            Text("search"),
            value("kind") is "person" or "service" ? value("kind") : null,
            value("enabled") is "true" or "false" ? value("enabled") : null,
            Text("group"),
            Days.ContainsKey(value("seen") ?? "") ? value("seen") : null,
            AccountSearch.Sorts.Contains(value("sort"), StringComparer.Ordinal) ? value("sort") : null)
        {
            NoGroup = value("nogroup") == "on",
        };

        string? Text(string name) => value(name)?.Replace("\0", "", StringComparison.Ordinal).Trim() is { } clean ? ShortText.Cut(clean, Longest) : null;
    }

    /// <returns>The fields of a form that carries it.</returns>
    internal IEnumerable<(string Name, string? Value)> Fields =>
    [
        ("search", Search), ("kind", Kind), ("enabled", Enabled), ("group", Group), ("seen", Seen), ("nogroup", NoGroup ? "on" : null), ("sort", Sort),
    ];

    /// <returns>The list with this filter, and other values where they are given.</returns>
    public string Path(string? sort = null, string? after = null) =>
        Links.WithQuery("/admin/accounts", [.. (this with { Sort = sort ?? Sort }).Fields, ("after", after)]);
}

/// <summary>One account with everything that is known of it.</summary>
public sealed record AccountView
{
    public required AccountResponse Account { get; init; }

    /// <summary>Whether it is the viewer's own.</summary>
    public required bool IsOwn { get; init; }

    /// <summary>What it may do, and why; <see langword="null"/> where the viewer may not look at access.</summary>
    public required AccountAccessView? Access { get; init; }
    public required IReadOnlyList<SessionView> Sessions { get; init; }
    public required IReadOnlyList<ActivityView> Did { get; init; }
    public required IReadOnlyList<ActivityView> Happened { get; init; }

    /// <summary>The form that enables or disables it.</summary>
    public FormInput SetEnabled { get; init; } = FormInput.Create();

    /// <summary>The form that puts it into a group.</summary>
    public FormInput Join { get; init; } = FormInput.Create();

    /// <summary>The form that ends its sessions.</summary>
    public FormInput End { get; init; } = FormInput.Create();

    public string Path => $"/admin/accounts/{Account.Id}";
}

/// <summary>What an account may do, and why, by the roles that a token has shown, if any has.</summary>
public sealed record AccountAccessView(
    bool RolesKnown, IReadOnlyList<string> Roles, IReadOnlyList<GroupMembershipView> Groups, IReadOnlyList<PermissionView> Permissions);

/// <summary>That an account is in a group, and what put it there.</summary>
public sealed record GroupMembershipView(Guid Id, string Name, IReadOnlyList<string> Because, bool Direct);

/// <summary>The question whether an account is to be taken out of a group, asked on the page of either.</summary>
public sealed record LeaveGroupView(AccountResponse Account, Guid GroupId, string GroupName, FormInput Input, bool IsFromGroup)
{
    /// <summary>The page to come back to.</summary>
    public (string Path, string Title) Back => IsFromGroup ? ($"/admin/groups/{GroupId}", GroupName) : ($"/admin/accounts/{Account.Id}", Account.Username);
}
