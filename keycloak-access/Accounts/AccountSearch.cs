using System.Data.Common;
using System.Globalization;
using Dapper;
using KeycloakAccess.Data;

namespace KeycloakAccess.Accounts;

/// <summary>Which accounts the pages list, and in which order.</summary>
/// <param name="Search">The beginning of a term of user name, e-mail or name, in any case.</param>
/// <param name="Kind"><c>person</c>, <c>service</c> or <see langword="null"/> for both.</param>
/// <param name="Enabled">Only those enabled, or off.</param>
/// <param name="SeenSince">Only those seen since then.</param>
/// <param name="SeenBefore">Only those last seen before.</param>
/// <param name="Sort">One of <see cref="AccountSearch.Sorts"/>; a search has an order of its own.</param>
/// <param name="Limit">How many at most.</param>
/// <param name="After">Where the page before ended.</param>
internal sealed record AccountQuery(
    string? Search, string? Kind, bool? Enabled, DateTimeOffset? SeenSince, DateTimeOffset? SeenBefore, string Sort, int Limit, Cursor? After)
{
    /// <summary>Whether it is about when somebody was seen.</summary>
    public bool IsBySeen => SeenSince is not null || SeenBefore is not null;
}

/// <summary>
/// Lists accounts for the pages. Whatever the filter, a page costs what it is long, however many accounts there are: every
/// combination of kind and state is read in the order of an index, and a search goes by the words of <c>account_search_index</c>. A
/// search looks through so many words for a page: with a filter by something else than the kind, some pages hold few
/// accounts, and may hold none.
/// </summary>
internal sealed class AccountSearch(Database database)
{
    public const string ByUsername = "username";
    public const string ByLastSeen = "-seen";
    public const string ByTerm = "term";

    public static readonly IReadOnlyList<string> Sorts = [ByUsername, ByLastSeen];

    private const int WordsOfAPage = 250;
    private const string TermOrder = "ORDER BY term, account_id";

    private static readonly string[] Kinds = ["person", "service"];
    private static readonly bool[] States = [true, false];

    private const string Columns = "a.id, a.issuer, a.subject, a.kind, a.username, a.email, a.name, a.enabled, a.created_at, a.last_seen_at";

    /// <summary>The order that a list really has: a search goes by words, and those who were seen at some time are listed as they were seen.</summary>
    /// <param name="search">What is searched for, if anything.</param>
    /// <param name="sort">The order that is asked for.</param>
    /// <param name="isBySeen">Whether only those are listed that were seen lately, or not lately. By name, they would be far apart.</param>
    public static string OrderOf(string? search, string? sort, bool isBySeen = false) =>
        !string.IsNullOrEmpty(search) ? ByTerm : sort is ByLastSeen || isBySeen ? ByLastSeen : ByUsername;

    /// <returns>A page, and where the next one starts; <see langword="null"/> on the last.</returns>
    public async Task<(IReadOnlyList<Account> Accounts, Cursor? Next)> ListAsync(AccountQuery query, CancellationToken cancellationToken)
    {
        var values = new DynamicParameters(new { limit = query.Limit + 1, since = query.SeenSince ?? DateTimeOffset.MinValue, until = query.SeenBefore ?? DateTimeOffset.MaxValue });
        var sql = string.IsNullOrEmpty(query.Search) ? InOrder(query, values) : ByWords(query, values);
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = (await connection.QueryAsync<Account, string?, (Account Account, string? Word)>(
            new CommandDefinition(sql, values, cancellationToken: cancellationToken), (account, term) => (account, term), splitOn: "term")).AsList();
        if (rows.Count <= query.Limit)
        {
            return ([.. rows.Select(row => row.Account)], string.IsNullOrEmpty(query.Search) ? null : await EndOfWordsAsync(connection, query, values, cancellationToken));
        }

        rows.RemoveAt(query.Limit);
        var last = rows[^1];
        var order = OrderOf(query.Search, query.Sort, query.IsBySeen);
        var key = order switch
        {
            ByTerm => last.Word,
            ByLastSeen => last.Account.LastSeenAt.ToString("O", CultureInfo.InvariantCulture),
            _ => last.Account.Username,
        };
        return ([.. rows.Select(row => row.Account)], new Cursor(order, key, last.Account.Id.ToString()));
    }

    // One part for each kind and state, each of them short and sorted by its index, and then the first of all parts.
    private static string InOrder(AccountQuery query, DynamicParameters values)
    {
        var bySeen = OrderOf(query.Search, query.Sort, query.IsBySeen) == ByLastSeen;
        var after = "";
        if (query.After is { } cursor)
        {
            values.Add("afterId", IdOf(cursor));
            values.Add("afterKey", bySeen ? InstantOf(cursor) : cursor.Key ?? "");
            after = bySeen ? "AND (last_seen_at, id) < (@afterKey, @afterId)" : "AND (username, id) > (@afterKey, @afterId)";
        }

        var order = bySeen ? "last_seen_at DESC, id DESC" : "username, id";
        var seen = (query.SeenSince is null ? "" : "AND last_seen_at >= @since ") + (query.SeenBefore is null ? "" : "AND last_seen_at < @until");
        var parts =
            from kind in query.Kind is null ? Kinds : [query.Kind]
            from enabled in query.Enabled is null ? States : [query.Enabled.Value]
            select Part(kind, enabled);
        return $"SELECT {Columns}, NULL AS term FROM ({string.Join(" UNION ALL ", parts)}) a ORDER BY {order} LIMIT @limit";

        string Part(string kind, bool enabled)
        {
            values.Add(kind, kind);
            values.Add($"enabled{enabled}", enabled);
            return $"""
                SELECT {Columns} FROM (
                    SELECT {Columns} FROM accounts a
                    WHERE kind = @{kind} AND enabled = @enabled{enabled} {seen} {after}
                    ORDER BY {order} LIMIT @limit) a
                """;
        }
    }

    private static string ByWords(AccountQuery query, DynamicParameters values)
    {
        var start = query.Search!.ToLowerInvariant();
        values.Add("start", start);
        // After every text that begins so, and before all others: both engines compare these words by their bytes in UTF-8.
        values.Add("end", start + "\U0010FFFF");
        values.Add("most", WordsOfAPage);
        if (query.Kind is not null)
        {
            values.Add("kind", query.Kind);
        }

        // Written so that no index fits them: the words are what is gone through.
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

        if (query.After is { } cursor)
        {
            values.Add("afterKey", cursor.Key ?? "");
            values.Add("afterId", IdOf(cursor));
        }

        // An account of which several words begin so is listed at the first of them. How many words are looked through is
        // limited for every search: PostgreSQL guesses that this condition leaves next to nothing, and would sort all words.
        return $"""
            SELECT {Columns}, w.term
            FROM ({Words(query)} {TermOrder} LIMIT @most) w
            JOIN accounts a ON a.id = w.account_id
            WHERE w.term = (SELECT o.term FROM account_search_index o WHERE o.account_id = w.account_id AND o.term >= @start ORDER BY o.term LIMIT 1) {string.Join(' ', conditions)}
            ORDER BY w.term, w.account_id
            LIMIT @limit
            """;
    }

    // Those that begin with the search, after the page before.
    private static string Words(AccountQuery query) => $"""
        SELECT term, account_id
        FROM account_search_index
        WHERE {(query.Kind is null ? "" : "kind = @kind AND")} term >= @start AND term < @end {(query.After is null ? "" : "AND (term, account_id) > (@afterKey, @afterId)")}
        """;

    // Where the words ended that were looked through; nowhere if there were no more.
    private static async Task<Cursor?> EndOfWordsAsync(DbConnection connection, AccountQuery query, DynamicParameters values, CancellationToken cancellationToken)
    {
        values.Add("before", WordsOfAPage - 1);
        var rows = await connection.QueryAsync<TermRow>(new CommandDefinition($"{Words(query)} {TermOrder} LIMIT 1 OFFSET @before", values, cancellationToken: cancellationToken));
        return rows.SingleOrDefault() is { } last ? new Cursor(ByTerm, last.Term, last.AccountId.ToString()) : null;
    }

    private static Guid IdOf(Cursor cursor) => Guid.TryParse(cursor.Id, out var id) ? id : Guid.Empty;

    // A cursor that somebody wrote by hand starts wherever it says, or at the beginning.
    private static DateTimeOffset InstantOf(Cursor cursor) =>
        DateTimeOffset.TryParseExact(cursor.Key, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var at) ? at : DateTimeOffset.MaxValue;

    private sealed record TermRow
    {
        public required string Term { get; init; }

        public required Guid AccountId { get; init; }
    }
}
