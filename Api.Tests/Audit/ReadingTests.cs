using Dapper;
using KeycloakAccess.Audit;
using KeycloakAccess.Data;

namespace Api.Tests.Audit;

/// <summary>Every page of the list is read along one index, in order, and no further than the page.</summary>
public abstract class ReadingTests(ReadingTests.FilledLog filled)
{
    private static readonly Guid Account = Guid.NewGuid();

    private protected abstract DatabaseEngine Engine { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", "time")]
    [InlineData("kind", "kind")]
    [InlineData("account", "account")]
    [InlineData("model", "model")]
    [InlineData("model row", "row")]
    [InlineData("action", "action")]
    [InlineData("permission", "permission")]
    [InlineData("request", "request")]
    [InlineData("kind account", "account")]
    [InlineData("kind model action", "model")]
    [InlineData("account model row kind action", "row")]
    [InlineData("kind permission account", "account")]
    [InlineData("request account model row", "request")]
    public async Task A_filter_is_read_along_its_index(string filters, string index)
    {
        var log = await filled.OpenAsync();
        var at = filled.At;
        await using var connection = await log.Database.OpenToWriteAsync(Cancel);
        if (Engine == DatabaseEngine.PostgreSql)
        {
            await connection.ExecuteAsync("SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off");
        }

        foreach (var filter in new[]
        {
            Filter(filters),
            Filter(filters) with { From = at.AddDays(-1), To = at.AddDays(1) },
            Filter(filters) with { After = new Cursor("-at", [$"{at.AddHours(1):O}", $"{Guid.NewGuid()}"]) },
            Filter(filters) with
            {
                From = at.AddDays(-1),
                To = at.AddDays(1),
                After = new Cursor("-at", [$"{at.AddHours(1):O}", $"{Guid.NewGuid()}"]),
            },
        })
        {
            var (sql, values) = AuditStore.Query(filter, log.Database);
            // The planner of PostgreSQL may prefer another index where it knows that few rows are left; that is for it to know.
            var plan = Engine == DatabaseEngine.Sqlite
                ? string.Join('\n', (await connection.QueryAsync<Plan>("EXPLAIN QUERY PLAN " + sql, values)).Select(line => line.Detail))
                : string.Join('\n', await connection.QueryAsync<string>("EXPLAIN " + sql, values));

            Assert.DoesNotContain("TEMP B-TREE", plan, StringComparison.Ordinal);
            Assert.DoesNotContain("Sort", plan, StringComparison.Ordinal);
            Assert.DoesNotContain("Seq Scan", plan, StringComparison.Ordinal);
            if (Engine == DatabaseEngine.Sqlite || !filters.Contains(' ', StringComparison.Ordinal))
            {
                Assert.Contains($"audit_log_by_{index}", plan, StringComparison.Ordinal);
            }

            var narrowed = filter.From is not null || filter.To is not null || filter.After is not null;
            Assert.Equal(
                Engine == DatabaseEngine.Sqlite && (narrowed || filters.Length > 0), plan.StartsWith("SEARCH", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task What_was_done_to_an_account_is_read_along_two_indexes()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        var at = DateTimeOffset.UtcNow;
        await log.AddAsync(
            3000,
            at,
            row =>
                row with { Model = "group", Action = "add-member", NewValues = $$"""{"accountId":"{{Guid.NewGuid()}}","username":"x"}""" });
        await log.AddAsync(3000, at);
        await using var connection = await log.Database.OpenToWriteAsync(Cancel);
        if (Engine == DatabaseEngine.PostgreSql)
        {
            await connection.ExecuteAsync("ANALYZE audit_log");
        }

        var sql = AuditStore.QueryAboutAccount(Engine);
        var values = new { account = Account.ToString(), limit = 10 };
        var plan = Engine == DatabaseEngine.Sqlite
            ? string.Join('\n', (await connection.QueryAsync<Plan>("EXPLAIN QUERY PLAN " + sql, values)).Select(line => line.Detail))
            : string.Join('\n', await connection.QueryAsync<string>("EXPLAIN " + sql, values));

        Assert.Contains("audit_log_by_row", plan, StringComparison.Ordinal);
        Assert.Contains("audit_log_by_member", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Seq Scan", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("SCAN audit_log", plan, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_done_to_an_account_is_what_was_done_to_itself_and_with_groups_by_hand()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        var at = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
        var member = $$"""{"accountId":"{{Account}}","username":"x"}""";
        Guid[] wanted =
        [
            await log.AddAsync(at.AddMinutes(5), row => row with { Model = "group", Action = "remove-member", OldValues = member }),
            await log.AddAsync(at.AddMinutes(4), row => row with { Model = "account", RowId = Account.ToString(), Action = "change" }),
            await log.AddAsync(at.AddMinutes(2), row => row with { Model = "group", Action = "add-member", NewValues = member }),
        ];
        await log.AddAsync(at.AddMinutes(6), row => row with { Model = "book", RowId = Account.ToString() });
        await log.AddAsync(at.AddMinutes(6), row => row with { Model = "group", Action = "add", NewValues = member });
        await log.AddAsync(
            at.AddMinutes(6), row => row with { Model = "group", Action = "add-member", NewValues = """{"accountId":"other"}""" });
        var store = new AuditStore(log.Database);

        Assert.Equal(wanted, (await store.ListAboutAccountAsync(Account, 10, Cancel)).Select(row => row.Id));
        Assert.Equal(wanted[..2], (await store.ListAboutAccountAsync(Account, 2, Cancel)).Select(row => row.Id));
    }

    [Fact]
    public async Task Every_filter_leaves_what_it_names()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        var at = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
        await log.AddAsync(at.AddMinutes(1));
        var wanted = await log.AddAsync(at, Wanted);
        var store = new AuditStore(log.Database);
        foreach (var filters in new[]
        {
            "kind",
            "account",
            "model",
            "model row",
            "action",
            "permission",
            "request",
            "kind account model row action permission request",
        })
        {
            Assert.Equal([wanted], (await store.ListAsync(Filter(filters), Cancel)).Items.Select(row => row.Id));
        }

        Assert.Equal([wanted], await IdsAsync(new AuditFilter { From = at, To = at.AddMinutes(1) }));
        Assert.Empty(await IdsAsync(Filter("account") with { To = at }));
        Assert.Empty(await IdsAsync(Filter("account") with { From = at.AddMicroseconds(1) }));
        Assert.Empty(await IdsAsync(Filter("account") with { Row = "other" }));

        async Task<IEnumerable<Guid>> IdsAsync(AuditFilter filter) => (await store.ListAsync(filter, Cancel)).Items.Select(row => row.Id);
    }

    [Fact]
    public async Task Rows_of_one_instant_are_paged_without_gaps_and_a_later_end_does_not_reopen_a_page()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        var at = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
        var all = await log.AddAsync(25, at);
        var store = new AuditStore(log.Database);
        var got = new List<Guid>();
        var filter = new AuditFilter { Limit = 4 };
        for (var pages = 0; pages < 20; pages++)
        {
            var (rows, next) = await store.ListAsync(filter, Cancel);
            got.AddRange(rows.Select(row => row.Id));
            if (next is null)
            {
                break;
            }

            // Somebody else writes on meanwhile.
            await log.AddAsync(at.AddSeconds(1));
            filter = filter with { After = AuditStore.Keyset.Parse(next.ToString()), To = at.AddHours(1) };
        }

        Assert.Equal(25, got.Count);
        Assert.Equal(all.ToHashSet(), got.ToHashSet());
        Assert.Empty((await store.ListAsync(filter with { To = at }, Cancel)).Items);
    }

    private static AuditRow Wanted(AuditRow row) => row with
    {
        Kind = AuditRow.DeniedRequestKind,
        AccountId = Account,
        Model = "model",
        RowId = "row",
        Action = "action",
        Permission = "model:action",
        RequestId = "request",
        Code = "code",
    };

    private static AuditFilter Filter(string filters)
    {
        var names = filters.Split(' ');
        return new AuditFilter
        {
            Kind = names.Contains("kind") ? "denied-request" : null,
            Account = names.Contains("account") ? Account : null,
            Model = names.Contains("model") ? "model" : null,
            Row = names.Contains("row") ? "row" : null,
            Action = names.Contains("action") ? "action" : null,
            Permission = names.Contains("permission") ? "model:action" : null,
            RequestId = names.Contains("request") ? "request" : null,
        };
    }

    /// <summary>
    /// A log with many refusals of one kind, for all tests of a class: an index for the kind would have to be read to its end.
    /// </summary>
    public abstract class FilledLog : IAsyncDisposable
    {
        private readonly Lazy<Task<AuditedDatabase>> _log;

        private protected FilledLog(DatabaseEngine engine) => _log = new(() => FillAsync(engine));

        internal DateTimeOffset At { get; } = DateTimeOffset.UtcNow;

        internal Task<AuditedDatabase> OpenAsync() => _log.Value;

        public async ValueTask DisposeAsync()
        {
            if (_log is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            {
                await (await _log.Value).DisposeAsync();
            }

            GC.SuppressFinalize(this);
        }

        private async Task<AuditedDatabase> FillAsync(DatabaseEngine engine)
        {
            var log = await AuditedDatabase.CreateAsync(engine);
            await log.AddAsync(3000, At, row => row with
            {
                Kind = AuditRow.DeniedRequestKind,
                Code = "c",
                Permission = "m:add",
                AccountId = Guid.NewGuid(),
                At = At.AddMilliseconds(Random.Shared.Next(100_000)),
            });
            await log.AddAsync(20, At, Wanted);
            if (engine == DatabaseEngine.PostgreSql)
            {
                await using var connection = await log.Database.OpenToWriteAsync(Cancel);
                await connection.ExecuteAsync("ANALYZE audit_log");
            }

            return log;
        }
    }

    private sealed record Plan
    {
        public required string Detail { get; init; }
    }
}

public sealed class FilledLogOnSqlite() : ReadingTests.FilledLog(DatabaseEngine.Sqlite);

public sealed class FilledLogOnPostgreSql() : ReadingTests.FilledLog(DatabaseEngine.PostgreSql);

public sealed class ReadingOnSqliteTests(FilledLogOnSqlite filled) : ReadingTests(filled), IClassFixture<FilledLogOnSqlite>
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class ReadingOnPostgreSqlTests(FilledLogOnPostgreSql filled) : ReadingTests(filled), IClassFixture<FilledLogOnPostgreSql>
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
