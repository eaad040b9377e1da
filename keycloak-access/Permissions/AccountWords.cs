using System.Data.Common;
using KeycloakAccess.Data;
using Dapper;

namespace KeycloakAccess.Permissions;

/// <summary>
/// The words by whose beginnings accounts are found: of user name, e-mail and name. A search for a part in the middle would
/// have to read every account.
/// </summary>
internal static class AccountWords
{
    private const int Most = 20;
    private const int Longest = 100;

    /// <returns>The words in small letters: each part, and user name and e-mail as a whole.</returns>
    public static IReadOnlyList<string> Of(string username, string? email, string? name) =>
        [.. new[] { username, email ?? "" }
            .Concat($"{username} {email} {name}".Split([' ', '@', '.', '-', '_'], StringSplitOptions.RemoveEmptyEntries))
            .Select(word => word.Trim().ToLowerInvariant())
            .Where(word => word.Length > 0)
            .Select(word => ShortText.Cut(word, Longest))
            .Distinct(StringComparer.Ordinal)
            .Take(Most)];

    public static async Task WriteAsync(
        DbConnection connection, DbTransaction transaction, Guid accountId, string kind, string username, string? email, string? name, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM account_words WHERE account_id = @accountId", new { accountId }, transaction, cancellationToken: cancellationToken));
        await connection.ExecuteAsync(new CommandDefinition(
            "INSERT INTO account_words (account_id, kind, word) VALUES (@accountId, @kind, @word)",
            Of(username, email, name).Select(word => new { accountId, kind, word }),
            transaction,
            cancellationToken: cancellationToken));
    }
}
