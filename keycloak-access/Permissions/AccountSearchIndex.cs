using System.Data.Common;
using Dapper;
using KeycloakAccess.Data;

namespace KeycloakAccess.Permissions;

/// <summary>Beginnings of words: a search for a part in the middle would have to read every account.</summary>
internal static class AccountSearchIndex
{
    private const int Most = 20;
    private const int Longest = 100;

    public static IReadOnlyList<string> TermsOf(string username, string? email, string? name) =>
        [.. new[] { username, email ?? "" }
            .Concat($"{username} {email} {name}".Split([' ', '@', '.', '-', '_'], StringSplitOptions.RemoveEmptyEntries))
            .Select(term => term.Trim().ToLowerInvariant())
            .Where(term => term.Length > 0)
            .Select(term => ShortText.Cut(term, Longest))
            .Distinct(StringComparer.Ordinal)
            .Take(Most)];

    public static async Task WriteAsync(
        DbConnection connection, DbTransaction transaction, Guid accountId, AccountNames names, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM account_search_index WHERE account_id = @accountId",
            new { accountId },
            transaction,
            cancellationToken: cancellationToken));
        await connection.ExecuteAsync(new CommandDefinition(
            "INSERT INTO account_search_index (account_id, kind, term) VALUES (@accountId, @Kind, @term)",
            TermsOf(names.Username, names.Email, names.Name).Select(term => new { accountId, names.Kind, term }),
            transaction,
            cancellationToken: cancellationToken));
    }
}
