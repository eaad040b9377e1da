using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Sessions;
using KeycloakAccess.Data;

namespace KeycloakAccess.Admin.AccountPages;

public sealed record AccountListView(IReadOnlyList<AccountResponse> Accounts, AccountListFilter Filter, Paging Paging);

/// <summary>Filters of the list; <c>Kind</c> is <c>person</c> or <c>service</c>, <c>Enabled</c> is <c>true</c> or <c>false</c>.</summary>
public sealed record AccountListFilter(string? Search, string? Kind, string? Enabled, string? Group, string? Seen, string? Sort)
{
    private const int Longest = 200;

    // Seen within so many days; before so many days where the number is negative.
    private static readonly Dictionary<string, int> Days =
        new(StringComparer.Ordinal) { ["1"] = 1, ["7"] = 7, ["30"] = 30, ["not-30"] = -30, ["not-90"] = -90 };

    public bool NoGroup { get; init; }
    public string? Mistake { get; init; }

    public bool IsEmpty => !NoGroup && string.IsNullOrEmpty(Search + Kind + Enabled + Group + Seen);

    internal bool IsByGroup => NoGroup || !string.IsNullOrEmpty(Group);

    internal bool Contradicts => NoGroup && !string.IsNullOrEmpty(Group);

    internal int SeenDays => Seen is null ? 0 : Days[Seen];

    /// <summary>The filter without what no filter has: an address may say anything.</summary>
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

        string? Text(string name) =>
            value(name)?.Replace("\0", "", StringComparison.Ordinal).Trim() is { } clean ? ShortText.Cut(clean, Longest) : null;
    }

    internal IEnumerable<(string Name, string? Value)> Fields =>
    [
        ("search", Search),
        ("kind", Kind),
        ("enabled", Enabled),
        ("group", Group),
        ("seen", Seen),
        ("nogroup", NoGroup ? "on" : null),
        ("sort", Sort),
    ];

    public string Path(string? sort = null, string? after = null, string path = "/admin/accounts") =>
        Links.WithQuery(path, [.. (this with { Sort = sort ?? Sort }).Fields, ("after", after)]);
}

public sealed record AccountView
{
    public required AccountResponse Account { get; init; }
    public required bool IsOwn { get; init; }

    /// <summary>What it may do, and why; <see langword="null"/> where the viewer may not look at access.</summary>
    public required AccountAccessView? Access { get; init; }
    public required IReadOnlyList<SessionView> Sessions { get; init; }

    /// <summary>How many there are: the newest are listed.</summary>
    public required long SessionCount { get; init; }
    public required IReadOnlyList<ActivityView> Did { get; init; }
    public required IReadOnlyList<ActivityView> Happened { get; init; }
    /// <summary>Other accounts of its name.</summary>
    public IReadOnlyList<AccountResponse> Namesakes { get; init; } = [];
    public FormInput SetEnabled { get; init; } = FormInput.Create();
    public FormInput Join { get; init; } = FormInput.Create();
    public FormInput End { get; init; } = FormInput.Create();

    public string Path => $"/admin/accounts/{Account.Id}";
}

/// <summary>Groups are those of which it is a direct member; groups and sessions are null where the viewer may not know.</summary>
public sealed record DeleteAccountView(
    AccountResponse Account, IReadOnlyList<GroupMembershipView>? Groups, long? Sessions, FormInput Input)
{
    public string Path => $"/admin/accounts/{Account.Id}";
}

public sealed record AccountAccessView(
    bool RolesKnown, IReadOnlyList<string> Roles, IReadOnlyList<GroupMembershipView> Groups, IReadOnlyList<PermissionView> Permissions);

public sealed record GroupMembershipView(Guid Id, string Name, IReadOnlyList<string> Because, bool Direct, DateTimeOffset? Until = null);

public sealed record LeaveGroupView(AccountResponse Account, Guid GroupId, string GroupName, FormInput Input, bool IsFromGroup)
{
    public (string Path, string Title) Back => IsFromGroup
        ? ($"/admin/groups/{GroupId}", GroupName)
        : ($"/admin/accounts/{Account.Id}", Account.Username);
}
