using System.Data.Common;
using Dapper;
using KeycloakAccess.Data;

namespace KeycloakAccess.Permissions;

internal sealed record SearchedAccount(Guid Id, string Kind, string Username, string? Email, string? Name);

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
        DbConnection connection, DbTransaction transaction, SearchedAccount account, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM account_search_index WHERE account_id = @Id",
            new { account.Id },
            transaction,
            cancellationToken: cancellationToken));
        await connection.ExecuteAsync(new CommandDefinition(
            "INSERT INTO account_search_index (account_id, kind, term) VALUES (@Id, @Kind, @term)",
            TermsOf(account.Username, account.Email, account.Name).Select(term => new { account.Id, account.Kind, term }),
            transaction,
            cancellationToken: cancellationToken));
    }
}
