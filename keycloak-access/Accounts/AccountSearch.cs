using System.Data.Common;
using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Texts;

namespace KeycloakAccess.Accounts;

internal sealed record AccountQuery
{
    /// <summary>The beginning of a term of user name, e-mail or name; neither case nor accents count.</summary>
    public string? Search { get; init; }

    public string? Kind { get; init; }

    public bool? Enabled { get; init; }

    public DateTimeOffset? SeenSince { get; init; }

    public DateTimeOffset? SeenBefore { get; init; }

    public string Sort { get; init; } = AccountSearch.ByUsername;

    public required int Limit { get; init; }

    public Cursor? After { get; init; }

    public string Order => AccountSearch.OrderOf(Search, Sort, SeenSince is not null || SeenBefore is not null);
}

/// <summary>
/// A page costs what it is long, whatever the filter: each kind and state is read in the order of an index, and a search goes through so
/// many terms that, with another filter than the kind, some of its pages hold few accounts or none.
/// </summary>
internal sealed class AccountSearch(Database database)
{
    public const string ByUsername = "username";
    public const string ByLastSeen = "-seen";
    public const string ByTerm = "term";

    public static readonly IReadOnlyList<string> Sorts = [ByUsername, ByLastSeen];

    private const int TermsOfAPage = 250;

    private static readonly Dictionary<string, Keyset<Account>> Accounts = new(StringComparer.Ordinal)
    {
        [ByUsername] = new Keyset<Account>(ByUsername)
            .By("username", account => account.Username)
            .By("id", account => account.Id),
        [ByLastSeen] = new Keyset<Account>(ByLastSeen)
            .By("last_seen_at", account => account.LastSeenAt, descending: true)
            .By("id", account => account.Id, descending: true),
    };

    private static readonly Keyset<TermRow> Terms = new Keyset<TermRow>(ByTerm)
        .By("term", row => row.Term)
        .By("account_id", row => row.AccountId);

    private static readonly string[] Kinds = ["person", "service"];
    private static readonly bool[] States = [true, false];

    private const string Columns =
        "a.id, a.issuer, a.subject, a.kind, a.username, a.email, a.name, a.enabled, a.created_at, a.last_seen_at";

    // Those who were seen at some time are listed as they were seen: by name, they would be far apart.
    public static string OrderOf(string? search, string? sort, bool isBySeen = false) =>
        !string.IsNullOrEmpty(search) ? ByTerm : sort is ByLastSeen || isBySeen ? ByLastSeen : ByUsername;

    public static Cursor? ParseCursor(string? text, string order) =>
        order == ByTerm ? Terms.Parse(text) : Accounts[order].Parse(text);

    public async Task<KeysetPage<Account>> ListAsync(AccountQuery query, CancellationToken cancellationToken)
    {
        var values = new DynamicParameters(new
        {
            since = query.SeenSince ?? DateTimeOffset.MinValue,
            until = query.SeenBefore ?? DateTimeOffset.MaxValue,
        });
        await using var connection = await database.OpenAsync(cancellationToken);
        if (query.Order == ByTerm)
        {
            if (Folding.Fold(query.Search!).Length == 0)
            {
                // An accent alone: every term begins with nothing.
                return new KeysetPage<Account>([], Next: null);
            }

            return await SearchAsync(connection, query, values, cancellationToken);
        }

        var sql = InOrder(query, values);
        var accounts = await connection.QueryAsync<Account>(new CommandDefinition(sql, values, cancellationToken: cancellationToken));
        return Accounts[query.Order].Cut(accounts.AsList(), query.Limit);
    }

    private static async Task<KeysetPage<Account>> SearchAsync(
        DbConnection connection, AccountQuery query, DynamicParameters values, CancellationToken cancellationToken)
    {
        var terms = TermsOf(query, values);
        var sql = ByTerms(query, terms, values);
        var found = await connection.QueryAsync<Account, string, (Account Account, TermRow Term)>(
            new CommandDefinition(sql, values, cancellationToken: cancellationToken),
            (account, term) => (account, new TermRow { Term = term, AccountId = account.Id }),
            splitOn: "term");
        var page = KeysetPage<(Account Account, TermRow Term)>.Cut(found.AsList(), query.Limit, row => Terms.CursorAt(row.Term));
        return new KeysetPage<Account>(
            [.. page.Items.Select(row => row.Account)],
            page.Next ?? await FindEndOfTermsAsync(connection, terms, values, cancellationToken));
    }

    // The first of each kind and state, sorted by its index, and then the first of those.
    private static string InOrder(AccountQuery query, DynamicParameters values)
    {
        var keyset = Accounts[query.Order];
        var after = keyset.StartAfter(query.After, query.Limit, values);
        var seen = (query.SeenSince is null ? "" : "AND last_seen_at >= @since ")
            + (query.SeenBefore is null ? "" : "AND last_seen_at < @until");
        var parts =
            from kind in query.Kind is null ? Kinds : [query.Kind]
            from enabled in query.Enabled is null ? States : [query.Enabled.Value]
            select Part(kind, enabled);
        return $"SELECT {Columns} FROM ({string.Join(" UNION ALL ", parts)}) a ORDER BY {keyset.OrderBy} LIMIT @limit";

        string Part(string kind, bool enabled)
        {
            values.Add(kind, kind);
            values.Add($"enabled{enabled}", enabled);
            return $"""
                SELECT {Columns} FROM (
                    SELECT {Columns} FROM accounts a
                    WHERE kind = @{kind} AND enabled = @enabled{enabled} {seen} AND {after}
                    ORDER BY {keyset.OrderBy} LIMIT @limit) a
                """;
        }
    }

    private static string TermsOf(AccountQuery query, DynamicParameters values)
    {
        var start = Folding.Fold(query.Search!);
        values.Add("start", start);
        // After every text that begins so: both engines compare terms by their bytes in UTF-8.
        values.Add("end", start + "\U0010FFFF");
        values.Add("kind", query.Kind);
        return $"""
            SELECT term, account_id
            FROM account_search_index
            WHERE {(query.Kind is null ? "" : "kind = @kind AND")} term >= @start AND term < @end
                AND {Terms.StartAfter(query.After, query.Limit, values)}
            ORDER BY {Terms.OrderBy}
            """;
    }

    private static string ByTerms(AccountQuery query, string terms, DynamicParameters values)
    {
        values.Add("most", TermsOfAPage);
        // Written so that no index fits them: the terms are what is gone through.
        var conditions = new List<string>();
        if (query.Enabled is { } enabled)
        {
            conditions.Add("AND (a.enabled = @enabled) IS TRUE");
            values.Add("enabled", enabled);
        }

        if (query.SeenSince is not null)
        {
            conditions.Add("AND (a.last_seen_at >= @since) IS TRUE");
        }

        if (query.SeenBefore is not null)
        {
            conditions.Add("AND (a.last_seen_at < @until) IS TRUE");
        }

        // An account is listed at its first term that begins so. PostgreSQL guesses that this leaves next to nothing, and would
        // sort all terms if there were no limit inside.
        return $"""
            SELECT {Columns}, w.term
            FROM ({terms} LIMIT @most) w
            JOIN accounts a ON a.id = w.account_id
            WHERE w.term = (
                SELECT o.term FROM account_search_index o
                WHERE o.account_id = w.account_id AND o.term >= @start
                ORDER BY o.term LIMIT 1) {string.Join(' ', conditions)}
            ORDER BY {Terms.OrderBy}
            LIMIT @limit
            """;
    }

    // Null if there are no more terms than were looked through.
    private static async Task<Cursor?> FindEndOfTermsAsync(
        DbConnection connection, string terms, DynamicParameters values, CancellationToken cancellationToken)
    {
        values.Add("before", TermsOfAPage - 1);
        var rows = await connection.QueryAsync<TermRow>(
            new CommandDefinition($"{terms} LIMIT 1 OFFSET @before", values, cancellationToken: cancellationToken));
        return rows.SingleOrDefault() is { } last ? Terms.CursorAt(last) : null;
    }

    private sealed record TermRow
    {
        public required string Term { get; init; }

        public required Guid AccountId { get; init; }
    }
}
