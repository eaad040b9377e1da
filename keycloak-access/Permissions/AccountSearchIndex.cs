using System.Data.Common;
using System.Text.Json;
using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Texts;

namespace KeycloakAccess.Permissions;

/// <summary>Beginnings of words, folded: a search for a part in the middle would have to read every account.</summary>
internal static class AccountSearchIndex
{
    private const int Most = 20;
    private const int Longest = 100;
    private const int AccountsAtOnce = 1000;

    private static readonly char[] Separators = [' ', '@', '.', '-', '_'];

    // Brien is found in O'Brien, and so is O'Brien.
    private static readonly char[] WithApostrophe = [.. Separators, '\''];

    public static IReadOnlyList<string> TermsOf(string username, string? email, string? name)
    {
        var words = Folding.Fold($"{username} {email} {name}");
        return [.. new[] { Folding.Fold(username), Folding.Fold(email ?? "") }
            .Concat(words.Split(Separators, StringSplitOptions.RemoveEmptyEntries))
            .Concat(words.Split(WithApostrophe, StringSplitOptions.RemoveEmptyEntries))
            .Select(term => term.Trim())
            .Where(term => term.Length > 0)
            .Select(term => ShortText.Cut(term, Longest))
            .Distinct(StringComparer.Ordinal)
            .Take(Most)];
    }

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

    /// <summary>Makes all terms anew where they were made by another version of the folding.</summary>
    /// <returns>Whether they were.</returns>
    public static async Task<bool> RebuildAsync(Database database, CancellationToken cancellationToken)
    {
        await using (var connection = await database.OpenAsync(cancellationToken))
        {
            var version = await connection.QuerySingleAsync<int>(
                new CommandDefinition("SELECT folding FROM account_search_state", cancellationToken: cancellationToken));
            if (version == Folding.Version)
            {
                return false;
            }
        }

        return await database.WriteAsync(
            write => RebuildAsync(database, write, cancellationToken), cancellationToken, Timeout.InfiniteTimeSpan);
    }

    private static async Task<bool> RebuildAsync(Database database, WriteTransaction write, CancellationToken cancellationToken)
    {
        // Of several instances that start at once, the others wait here, and find it done.
        const string claim = "UPDATE account_search_state SET folding = @Version WHERE folding <> @Version";
        if (await ExecuteAsync(claim, new { Folding.Version }) == 0)
        {
            return false;
        }

        await ExecuteAsync("DELETE FROM account_search_index", values: null);
        const string page = "SELECT id, kind, username, email, name FROM accounts WHERE id > @last ORDER BY id LIMIT @AccountsAtOnce";
        var insert = database.Engine == DatabaseEngine.PostgreSql
            ? """
                INSERT INTO account_search_index (account_id, kind, term)
                SELECT CAST(value->>'Id' AS uuid), value->>'Kind', value->>'term' FROM json_array_elements(CAST(@terms AS json))
                ON CONFLICT DO NOTHING
                """
            : """
                INSERT INTO account_search_index (account_id, kind, term)
                SELECT value->>'Id', value->>'Kind', value->>'term' FROM json_each(@terms)
                """;
        for (var last = Guid.Empty; ;)
        {
            var accounts = (await write.Connection.QueryAsync<NamedAccount>(new CommandDefinition(
                page, new { last, AccountsAtOnce }, write.Transaction, cancellationToken: cancellationToken))).AsList();
            if (accounts.Count == 0)
            {
                break;
            }

            var terms = accounts.SelectMany(account =>
                TermsOf(account.Username, account.Email, account.Name).Select(term => new { account.Id, account.Kind, term }));
            await ExecuteAsync(insert, new { terms = JsonSerializer.Serialize(terms) });
            last = accounts[^1].Id;
        }

        await write.CommitAsync();
        return true;

        Task<int> ExecuteAsync(string sql, object? values) => write.Connection.ExecuteAsync(
            new CommandDefinition(sql, values, write.Transaction, commandTimeout: 0, cancellationToken: cancellationToken));
    }

    private sealed record NamedAccount
    {
        public required Guid Id { get; init; }

        public required string Kind { get; init; }

        public required string Username { get; init; }

        public string? Email { get; init; }

        public string? Name { get; init; }
    }
}
