namespace KeycloakAccess.Admin.RoleMappingPages;

public enum MappingTense
{
    Is,

    WouldBe,

    WouldCease,
}
