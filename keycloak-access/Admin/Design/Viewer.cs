using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Design;

/// <summary>
/// Whoever looks at a page. What they may not do is not shown, and decided again on every post. The zone is the one that
/// their browser named, UTC until then; the message says once what the page before has done.
/// </summary>
public sealed record Viewer(
    Guid AccountId,
    string Name,
    IReadOnlySet<Permission> Permissions,
    TimeZoneInfo Zone,
    IReadOnlyList<ModelLink> Models,
    PageMessage? Message = null)
{
    // The first part of an address below /admin, and the permission that its pages require.
    private static readonly Dictionary<string, Permission> Asks = new(StringComparer.Ordinal)
    {
        ["accounts"] = AccountPermissions.View,
        ["groups"] = GroupPermissions.View,
        ["role-mappings"] = RoleMappingPermissions.View,
        ["access"] = AccessPermissions.View,
        ["sessions"] = SessionPermissions.View,
        ["revocations"] = RevocationPermissions.View,
        ["realm"] = RealmPermissions.View,
        ["audit"] = AuditPermissions.View,
    };

    /// <summary>The address of the page that is shown.</summary>
    public string Here { get; init; } = "";

    /// <summary>How long the session lasts that nobody uses any more.</summary>
    public SessionLife? Session { get; init; }

    /// <summary>Whether the session was opened without Keycloak.</summary>
    public bool IsBreakGlass { get; init; }

    /// <summary>How each list was filtered when the viewer saw it last.</summary>
    public IReadOnlyDictionary<string, string> Lists { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The address of a list as it was seen last; of any other page, its own.</summary>
    public string Back(string path) => path + Lists.GetValueOrDefault(path.Trim('/').Replace('/', '-'), "");

    public bool May(string model, string action) => May(new Permission(model, action));

    public bool May(Permission permission) => Permissions.Contains(permission);

    // Only whether the page may be looked at: what else it requires, to change something, its button knows.
    public bool MayOpen(string path) => path.Split('/', '?', '#') is not [_, "admin", .. var below]
        || (May(AdminPermissions.View) && below switch
        {
            ["models", var plural, ..] => Models.Any(model => string.Equals(model.Plural, plural, StringComparison.Ordinal)),
            // Who is in a group until when is about accounts and their access.
            ["groups", "ending", ..] or ["groups", _, "members", _, "until", ..] =>
                May(GroupPermissions.View) && May(AccountPermissions.View) && May(AccessPermissions.View),
            ["groups", _, "members", "export.csv"] => May(GroupPermissions.View) && May(AccessPermissions.View),
            ["access", "give", ..] => May(AccessPermissions.View) && May(AccountPermissions.View),
            [var section, ..] => !Asks.TryGetValue(section, out var asked) || May(asked),
            [] => true,
        });
}

public sealed record ModelLink(string Plural, string Title)
{
    public string Path => $"/admin/models/{Plural}";
}

/// <summary>In seconds, for the page's script, which warns before the end; and whether using the session makes it later.</summary>
public sealed record SessionLife(int EndsIn, bool CanExtend);
