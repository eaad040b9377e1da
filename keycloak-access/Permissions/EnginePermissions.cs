namespace KeycloakAccess.Permissions;

internal static class AccessPermissions
{
    public const string Model = "access";
    public static readonly Permission View = new(Model, Permission.View);
}

internal static class AccountPermissions
{
    public const string Model = "account";
    public static readonly Permission View = new(Model, Permission.View);
    public static readonly Permission Change = new(Model, Permission.Change);
    public static readonly Permission Delete = new(Model, Permission.Delete);
}

internal static class AdminPermissions
{
    public static readonly Permission View = new("admin", Permission.View);
}

internal static class AuditPermissions
{
    public static readonly Permission View = new("audit", Permission.View);
}

internal static class GroupPermissions
{
    public const string Model = "group";
    public static readonly Permission View = new(Model, Permission.View);
    public static readonly Permission Add = new(Model, Permission.Add);
    public static readonly Permission Change = new(Model, Permission.Change);
    public static readonly Permission Delete = new(Model, Permission.Delete);
}

internal static class RealmPermissions
{
    public static readonly Permission View = new("realm", Permission.View);
}

internal static class RevocationPermissions
{
    public const string Model = "revocation";
    public static readonly Permission View = new(Model, Permission.View);
    public static readonly Permission Add = new(Model, Permission.Add);
    public static readonly Permission Delete = new(Model, Permission.Delete);
}

internal static class RoleMappingPermissions
{
    public const string Model = "role-mapping";
    public static readonly Permission View = new(Model, Permission.View);
    public static readonly Permission Add = new(Model, Permission.Add);
    public static readonly Permission Delete = new(Model, Permission.Delete);
}

internal static class SessionPermissions
{
    public static readonly Permission View = new("session", Permission.View);
    public static readonly Permission Delete = new("session", Permission.Delete);
}
