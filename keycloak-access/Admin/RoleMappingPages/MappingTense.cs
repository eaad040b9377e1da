namespace KeycloakAccess.Admin.RoleMappingPages;

/// <summary>How a page speaks of what a mapping does.</summary>
public enum MappingTense
{
    /// <summary>As it is.</summary>
    Is,

    /// <summary>As it would be.</summary>
    WouldBe,

    /// <summary>As it would be without it.</summary>
    WouldCease,
}
