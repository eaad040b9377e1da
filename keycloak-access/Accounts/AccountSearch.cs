using System.Data.Common;
using System.Text.Json;
using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Accounts;

internal sealed record AccountQuery
{
    /// <summary>A part of user name, e-mail or name; neither case nor accents count.</summary>
    public string? Search { get; init; }

    public string? Kind { get; init; }

    public bool? Enabled { get; init; }

    public DateTimeOffset? SeenSince { get; init; }

    public DateTimeOffset? SeenBefore { get; init; }

    public string Sort { get; init; } = AccountSearch.ByUsername;

    public required int Limit { get; init; }

    public Cursor? After { get; init; }

    public string Order => AccountSearch.OrderOf(Sort, SeenSince is not null || SeenBefore is not null);
}

/// <summary>Those of an issuer who are in one of the groups, directly or by one of the roles; or in none of them.</summary>
internal sealed record AccountsInGroups(
    string Issuer, DateTimeOffset Now, IReadOnlyCollection<Guid> Groups, IReadOnlyCollection<long> Roles, bool IsInNone = false);

/// <summary>
/// A page costs what it is long, whatever the filter: each kind and state is read in the order of an index. Of what a search costs, see
/// <see cref="SearchedList{T}"/>.
/// </summary>
internal sealed class AccountSearch(Database database)
{
    public const string ByUsername = "username";
    public const string ByLastSeen = "-seen";

    public static readonly IReadOnlyList<string> Sorts = [ByUsername, ByLastSeen];

    private static readonly Dictionary<string, Keyset<Account>> Accounts = new(StringComparer.Ordinal)
    {
        [ByUsername] = new Keyset<Account>(ByUsername)
            .By("username", account => account.Username)
            .By("id", account => account.Id),
        [ByLastSeen] = new Keyset<Account>(ByLastSeen)
            .By("last_seen_at", account => account.LastSeenAt, descending: true)
            .By("id", account => account.Id, descending: true),
    };

    private static readonly string[] Kinds = ["person", "service"];
    private static readonly bool[] States = [true, false];

    private readonly SearchIndex _index = AccountSearchIndex.Of(database.Engine);

    // Those who were seen at some time are listed as they were seen: by name, they would be far apart.
    public static string OrderOf(string? sort, bool isBySeen = false) => sort is ByLastSeen || isBySeen ? ByLastSeen : ByUsername;

    public static Cursor? ParseCursor(string? text, string order) => Accounts[order].Parse(text);

    public async Task<KeysetPage<Account>> ListAsync(AccountQuery query, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        if (!string.IsNullOrEmpty(query.Search))
        {
            return SearchTerms.OfSearch(query.Search, database.Engine) is { } hits
                ? await new Searched(_index, connection, query, hits, cancellationToken).ReadAsync(query.Limit)
                : new KeysetPage<Account>([], Next: null);
        }

        var values = new DynamicParameters();
        var sql = InOrder(query, query.Limit + 1, values);
        var accounts = await connection.QueryAsync<Account>(new CommandDefinition(sql, values, cancellationToken: cancellationToken));
        return Accounts[query.Order].Cut(accounts.AsList(), query.Limit);
    }

    /// <summary>
    /// How many there are, counted no further than <c>most</c>, where that is given. Who is in no group is looked for among so many alone:
    /// null where there are more to look through.
    /// </summary>
    public async Task<long?> CountAsync(AccountQuery query, AccountsInGroups? within, long? most, CancellationToken cancellationToken)
    {
        var values = new DynamicParameters();
        var conditions = new List<string> { "1 = 1" };
        Add("kind", "=", query.Kind);
        Add("enabled", "=", query.Enabled);
        Add("last_seen_at", ">=", query.SeenSince);
        Add("last_seen_at", "<", query.SeenBefore);
        if (!string.IsNullOrEmpty(query.Search))
        {
            if (SearchTerms.OfSearch(query.Search, database.Engine) is not { } hits)
            {
                return 0;
            }

            values.Add("hits", hits);
            values.Add("search", LikePattern.Containing(query.Search));
            conditions.Add($"{_index.MayHold("@hits")} AND ({Searched.Holds})");
        }

        values.Add("most", most);
        await using var connection = await database.OpenAsync(cancellationToken);
        var looked = "accounts";
        if (within is { IsInNone: true } && most is not null)
        {
            var some = $"SELECT id, issuer FROM accounts WHERE {string.Join(" AND ", conditions)}";
            if (await CountAsync($"{some} LIMIT @most") == most)
            {
                return null;
            }

            looked = $"({some} ORDER BY id LIMIT @most) AS looked";
            conditions.Clear();
        }

        if (within is not null)
        {
            values.Add("now", within.Now);
            values.Add("issuer", within.Issuer);
            values.Add("groups", JsonSerializer.Serialize(within.Groups));
            values.Add("roles", JsonSerializer.Serialize(within.Roles));
            conditions.Add($"""
                (issuer = @issuer) IS TRUE AND id {(within.IsInNone ? "NOT IN" : "IN")} (
                    SELECT m.account_id FROM group_members m
                    WHERE {DirectGroup.IsOpen} AND m.group_id IN {database.Elements("@groups", "uuid")}
                    UNION ALL
                    SELECT account_id FROM account_roles WHERE role_id IN {database.Elements("@roles", "bigint")})
                """);
        }

        var rows = $"SELECT 1 FROM {looked} WHERE {string.Join(" AND ", conditions)}";
        return await CountAsync(most is null ? rows : rows + " LIMIT @most");

        async Task<long> CountAsync(string sql) => await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            $"SELECT COUNT(*) FROM ({sql}) AS counted", values, cancellationToken: cancellationToken));

        void Add(string column, string comparison, object? value)
        {
            if (value is not null)
            {
                conditions.Add($"{column} {comparison} @value{conditions.Count}");
                values.Add($"value{conditions.Count - 1}", value);
            }
        }
    }

    // The first of each kind and state, sorted by its index, and then the first of those.
    private static string InOrder(AccountQuery query, int limit, DynamicParameters values)
    {
        var keyset = Accounts[query.Order];
        var after = keyset.StartAfter(query.After, limit - 1, values);
        if (query is { Order: ByUsername, Kind: null, Enabled: null })
        {
            return $"SELECT {AccountStore.Columns} FROM accounts WHERE {after} ORDER BY {keyset.OrderBy} LIMIT @limit";
        }

        values.Add("since", query.SeenSince ?? DateTimeOffset.MinValue);
        values.Add("until", query.SeenBefore ?? DateTimeOffset.MaxValue);
        var seen = (query.SeenSince is null ? "" : "AND last_seen_at >= @since ")
            + (query.SeenBefore is null ? "" : "AND last_seen_at < @until");
        string[] parts =
        [
            .. from kind in query.Kind is null ? Kinds : [query.Kind]
               from enabled in query.Enabled is null ? States : [query.Enabled.Value]
               select Part(kind, enabled),
        ];
        return parts.Length == 1
            ? parts[0]
            : $"""
                SELECT {AccountStore.Columns}
                FROM ({string.Join(" UNION ALL ", parts.Select(part => $"SELECT {AccountStore.Columns} FROM ({part}) a"))}) a
                ORDER BY {keyset.OrderBy} LIMIT @limit
                """;

        string Part(string kind, bool enabled)
        {
            values.Add(kind, kind);
            values.Add($"enabled{enabled}", enabled);
            return $"""
                SELECT {AccountStore.Columns} FROM accounts
                WHERE kind = @{kind} AND enabled = @enabled{enabled} {seen} AND {after}
                ORDER BY {keyset.OrderBy} LIMIT @limit
                """;
        }
    }

    private sealed class Searched(
        SearchIndex index, DbConnection connection, AccountQuery query, string hits, CancellationToken cancellationToken)
        : SearchedList<Account>
    {
        public static readonly string Holds =
            string.Join(" OR ", AccountSearchIndex.Columns.Select(column => $@"folded({column}) LIKE @search ESCAPE '\'"));

        private readonly Keyset<Account> _keyset = Accounts[query.Order];

        protected override Task<List<Account>> ReadInOrderAsync(int length, int limit)
        {
            var values = Values();
            var rows = InOrder(query, length, values);
            values.Add("first", limit);
            return ReadAsync(
                $"SELECT {AccountStore.Columns} FROM ({rows}) AS looked WHERE {Holds} ORDER BY {_keyset.OrderBy} LIMIT @first", values);
        }

        protected override Task<List<Account>> FindInOrderAsync(int offset)
        {
            var values = Values();
            var rows = InOrder(query, offset + 1, values);
            values.Add("offset", offset);
            return ReadAsync(
                $"SELECT {AccountStore.Columns} FROM ({rows}) a ORDER BY {_keyset.OrderBy} LIMIT 1 OFFSET @offset", values);
        }

        protected override Task<long> CountHitsAsync(int most) => index.CountAsync(connection, hits, most, cancellationToken);

        protected override Task<List<Account>> ReadHitsAsync(int limit)
        {
            var values = Values();
            values.Add("hits", hits);
            var conditions = new List<string> { index.MayHold("@hits"), $"({Holds})", _keyset.StartAfter(query.After, limit - 1, values) };
            // Written so that no index fits them: the hits are what is gone through.
            Add("kind", "=", query.Kind);
            Add("enabled", "=", query.Enabled);
            Add("last_seen_at", ">=", query.SeenSince);
            Add("last_seen_at", "<", query.SeenBefore);
            return ReadAsync(
                $"""
                SELECT {AccountStore.Columns}
                FROM accounts
                WHERE {string.Join(" AND ", conditions)}
                ORDER BY {_keyset.OrderBy}
                LIMIT @limit
                """,
                values);

            void Add(string column, string comparison, object? value)
            {
                if (value is not null)
                {
                    conditions.Add($"({column} {comparison} @value{conditions.Count}) IS TRUE");
                    values.Add($"value{conditions.Count - 1}", value);
                }
            }
        }

        protected override Cursor CursorAt(Account row) => _keyset.CursorAt(row);

        private DynamicParameters Values()
        {
            var values = new DynamicParameters();
            values.Add("search", LikePattern.Containing(query.Search!));
            return values;
        }

        private async Task<List<Account>> ReadAsync(string sql, DynamicParameters values) => (await connection.QueryAsync<Account>(
            new CommandDefinition(sql, values, cancellationToken: cancellationToken))).AsList();
    }
}
