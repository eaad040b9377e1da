using KeycloakAccess.Data;

namespace KeycloakAccess.Permissions;

/// <summary>What a search of accounts looks at.</summary>
internal static class AccountSearchIndex
{
    public static readonly IReadOnlyList<string> Columns = ["username", "email", "name"];

    public static SearchIndex Of(DatabaseEngine engine) => new(engine, "accounts", "id", Columns);
}
