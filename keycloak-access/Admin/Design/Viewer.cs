using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Design;

/// <summary>Whoever looks at a page, as far as pages need to know: what they may not do is not shown.</summary>
/// <param name="AccountId">The local account.</param>
/// <param name="Name">How the page addresses them.</param>
/// <param name="Permissions">What they may do. The server decides again on every post.</param>
/// <param name="Zone">The reader's time zone, as their browser said it; UTC until then.</param>
/// <param name="Models">The declared models that they may look at.</param>
/// <param name="Message">What the page before has done, to be said once.</param>
public sealed record Viewer(
    Guid AccountId, string Name, IReadOnlySet<Permission> Permissions, TimeZoneInfo Zone, IReadOnlyList<ModelLink> Models, string? Message = null)
{
    // The first part of an address below /admin, and the permission that its pages ask.
    private static readonly Dictionary<string, Permission> Asks = new(StringComparer.Ordinal)
    {
        ["accounts"] = AccountPermissions.View,
        ["groups"] = GroupPermissions.View,
        ["role-mappings"] = RoleMappingPermissions.View,
        ["access"] = AccessPermissions.View,
        ["sessions"] = SessionPermissions.View,
        ["realm"] = RealmPermissions.View,
        ["audit"] = AuditPermissions.View,
    };

    /// <returns>Whether the viewer holds <c>model:action</c>.</returns>
    public bool May(string model, string action) => May(new Permission(model, action));

    public bool May(Permission permission) => Permissions.Contains(permission);

    /// <returns>
    /// Whether the address is one that the viewer may look at: a link that ends in a refusal is none. What a page asks besides,
    /// to change something, is for the button that leads there to know.
    /// </returns>
    public bool MayOpen(string path) => path.Split('/', '?', '#') is not [_, "admin", .. var below]
        || (May(AdminPermissions.View) && below switch
        {
            ["models", var plural, ..] => Models.Any(model => string.Equals(model.Plural, plural, StringComparison.Ordinal)),
            [var section, ..] => !Asks.TryGetValue(section, out var asked) || May(asked),
            [] => true,
        });
}

/// <summary>The way to the pages of a declared model.</summary>
/// <param name="Plural">Its name in addresses: <c>books</c>.</param>
/// <param name="Title">What people call it.</param>
public sealed record ModelLink(string Plural, string Title)
{
    /// <summary>The address of its list.</summary>
    public string Path => $"/admin/models/{Plural}";
}
