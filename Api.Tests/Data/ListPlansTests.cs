using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Api.Tests.Data;

/// <summary>No list reads a table that grows from one end to the other, by the plans of the statements that it runs.</summary>
public abstract partial class ListPlansTests(ApiUnderTest api) : ApiTests(api)
{
    // Groups, mappings and observed roles are few, and those of them that are in memory are read as a whole there.
    private static readonly string[] Growing =
    [
        "accounts", "account_roles", "audit_log", "sessions", "books", "authors", "search_pending", "accounts_search_rows",
        "books_search_rows", "authors_search_rows", "group_members",
    ];

    private static readonly string[] Lists =
    [
        "/api/books", "/api/books?sort=-title", "/api/books?sort=publishedOn", "/api/books?sort=-publishedOn",
        "/api/books?authorId={author}", "/api/books?authorId={author}&sort=-publishedOn", "/api/books?isbn=978-0-00-000000-0",
        "/api/books?publishedOn.gte=2015-01-01", "/api/books?publishedOn.gte=2015-01-01&sort=publishedOn",
        "/api/books?publishedOn.null=true", "/api/books?search=e", "/api/books?search=the", "/api/books?search=nothing+is+called+so",
        "/api/books?search=the&sort=-publishedOn&authorId={author}", "/api/authors", "/api/authors?sort=-bornOn",
        "/api/authors?search=zq", "/api/accounts", "/api/accounts?kind=service", "/api/accounts?enabled=false",
        "/api/accounts?kind=person&enabled=true", "/api/accounts?search=a", "/api/accounts?search=nobody-is-called-so",
        "/api/accounts?search=a&kind=service&enabled=false", "/api/groups", "/api/groups/{group}/members", "/api/role-mappings",
        "/api/role-mappings/observed-roles", "/api/role-mappings/preview?kind=realm-role&name=s*", "/api/audit",
        "/api/audit?kind=change", "/api/audit?model=book", "/api/audit?action=add",
    ];

    private static readonly string[] Pages =
    [
        "/admin/accounts", "/admin/accounts?sort=-seen", "/admin/accounts?search=an", "/admin/accounts?search=an&seen=7",
        "/admin/accounts?seen=not-90", "/admin/accounts?enabled=false&kind=person", "/admin/accounts?nogroup=on",
        "/admin/accounts?group=book-readers", "/admin/models/books", "/admin/models/books?search=the", "/admin/models/authors",
        "/admin/groups", "/admin/groups/ending", "/admin/role-mappings", "/admin/role-mappings/unmapped", "/admin/sessions", "/admin/audit",
        "/admin/access/who?permission=book:view",
    ];

    [Fact]
    public async Task No_list_reads_a_table_that_grows_from_end_to_end()
    {
        var (ada, browser, author) = (await Api.PersonAsync("ada"), await Api.SignInAsync("ada"), await AddBooksAsync());
        var statements = await WatchAsync(async () =>
        {
            var group = JsonDocument.Parse(await GetAsync("/api/groups?limit=1")).RootElement.GetProperty("items")[0].GetProperty("id");
            foreach (var list in Lists.Select(list => list
                .Replace("{author}", author, StringComparison.Ordinal)
                .Replace("{group}", group.GetString(), StringComparison.Ordinal)))
            {
                await GetAsync(list);
                if (JsonDocument.Parse(await GetAsync(list)).RootElement.TryGetProperty("next", out var next)
                    && next.GetString() is { } after)
                {
                    var more = list.Contains('?', StringComparison.Ordinal) ? '&' : '?';
                    await GetAsync($"{list}{more}after={Uri.EscapeDataString(after)}");
                }
            }

            foreach (var page in Pages)
            {
                Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(Api.Realm.ApiUrl + page)).Status);
            }
        });

        var read = statements.Where(sql => Growing.Any(table => Regex.IsMatch(sql, $"""\bFROM "?{table}\b""", RegexOptions.None, Limit)))
            .ToArray();
        Assert.True(read.Length > 30, $"Only {read.Length} statements were seen.");
        await using var connection = await OpenAsync();
        var slow = new List<string>();
        foreach (var sql in read)
        {
            var plan = await PlanAsync(connection, sql);
            if (Faults(sql, plan).ToArray() is { Length: > 0 } faults)
            {
                slow.Add($"{string.Join("; ", faults)}\n{sql}\n{plan}");
            }
        }

        Assert.True(slow.Count == 0, string.Join("\n\n", slow));

        async Task<string> GetAsync(string path)
        {
            var response = await ada.GetAsync(path, Cancel);
            Assert.True(response.StatusCode == HttpStatusCode.OK, $"{path} answered {response.StatusCode}.");
            return await response.Content.ReadAsStringAsync(Cancel);
        }
    }

    private static TimeSpan Limit => TimeSpan.FromSeconds(10);

    private static IEnumerable<string> Faults(string sql, string plan)
    {
        foreach (var table in Growing)
        {
            // "SCAN books USING INDEX" goes along an order, and stops where the page is full.
            if (Regex.IsMatch(plan, $@"^SCAN {table}\b(?! USING)|Seq Scan on {table}\b", RegexOptions.Multiline, Limit))
            {
                yield return $"It reads {table} from end to end";
            }
        }

        // Texts are compared of so many rows at most, or of those that the index of the search has found; "counted" are those that hold it.
        if (sql.Contains("folded(", StringComparison.Ordinal)
            && !sql.Contains(") AS looked WHERE", StringComparison.Ordinal)
            && (!Regex.IsMatch(plan, @"VIRTUAL TABLE INDEX|Bitmap Index Scan on \w+_search\b", RegexOptions.None, Limit)
                || Regex.IsMatch(plan, @"^SCAN (?!s VIRTUAL|counted)", RegexOptions.Multiline, Limit)))
        {
            yield return "It searches without an index";
        }
    }

    private async Task<string> AddBooksAsync()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var author = (await (await writer.PostAsync("/api/authors", JsonContent.Create(new { name = "Somebody" }), Cancel))
            .Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("id").GetString()!;
        var database = Api.Services.GetRequiredService<Database>();
        await database.WriteAsync(
            async write =>
            {
                await write.Connection.ExecuteAsync(
                    """INSERT INTO books (id, title, author_id, published_on) VALUES (@id, @title, @authorId, @on)""",
                    Enumerable.Range(0, 1500).Select(number => new
                    {
                        id = Guid.CreateVersion7(),
                        title = $"Book {number}",
                        authorId = Guid.Parse(author),
                        on = number % 3 == 0 ? (DateOnly?)null : new DateOnly(2000, 1, 1).AddDays(number),
                    }),
                    write.Transaction);
                await write.CommitAsync();
            },
            Cancel);
        return author;
    }

    // On SQLite the connections keep their statements parsed; Npgsql tells of each that it runs.
    private async Task<IReadOnlyCollection<string>> WatchAsync(Func<Task> run)
    {
        if (Api.Engine == DatabaseEngine.Sqlite)
        {
            await run();
            return await ListParsedAsync();
        }

        var name = new NpgsqlConnectionStringBuilder(Api.ConnectionString).Database;
        var seen = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                var tags = activity.TagObjects.ToDictionary(tag => tag.Key, tag => tag.Value?.ToString(), StringComparer.Ordinal);
                // The search asks for a plan itself.
                if (tags.ContainsValue(name)
                    && (tags.GetValueOrDefault("db.query.text") ?? tags.GetValueOrDefault("db.statement")) is { } sql
                    && !sql.StartsWith("EXPLAIN", StringComparison.Ordinal))
                {
                    seen[sql] = true;
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await run();
        return [.. seen.Keys];
    }

    private async Task<IReadOnlyCollection<string>> ListParsedAsync()
    {
        var database = Api.Services.GetRequiredService<Database>();
        var taken = new List<DbConnection>();
        var parsed = new HashSet<string>(StringComparer.Ordinal);
        for (var number = 0; number < 4 * Environment.ProcessorCount; number++)
        {
            taken.Add(await database.OpenAsync(Cancel));
            var statements = taken[^1].GetType().GetField("_statements", BindingFlags.Instance | BindingFlags.NonPublic)!;
            parsed.UnionWith(((Dictionary<string, SqliteCommand>)statements.GetValue(taken[^1])!).Keys);
        }

        foreach (var connection in taken)
        {
            await connection.DisposeAsync();
        }

        return parsed;
    }

    private async Task<DbConnection> OpenAsync()
    {
        var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        if (Api.Engine == DatabaseEngine.PostgreSql)
        {
            // What has another way takes it, however few rows there are; the plan is that for any values.
            await connection.ExecuteAsync("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan");
        }

        return connection;
    }

    private async Task<string> PlanAsync(DbConnection connection, string sql)
    {
        if (Api.Engine == DatabaseEngine.Sqlite)
        {
            return string.Join('\n', (await connection.QueryAsync<Plan>("EXPLAIN QUERY PLAN " + sql)).Select(line => line.Detail));
        }

        var numbers = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        var prepared = Parameter().Replace(sql, match =>
        {
            numbers.TryAdd(match.Value, numbers.Count + 1);
            return $"${numbers[match.Value]}";
        });
        await connection.ExecuteAsync($"PREPARE looked_at AS {prepared}");
        var values = numbers.Count == 0 ? "" : $"({string.Join(", ", numbers.Select(_ => "NULL"))})";
        var plan = await connection.QueryAsync<string>($"EXPLAIN EXECUTE looked_at{values}");
        await connection.ExecuteAsync("DEALLOCATE looked_at");
        return string.Join('\n', plan);
    }

    [GeneratedRegex(@"(?<![@\w])@\w+", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Parameter();

    private sealed record Plan
    {
        public required string Detail { get; init; }
    }
}

public sealed class ListPlansOnSqliteTests(ApiOnEmbeddedRealm api) : ListPlansTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class ListPlansOnPostgreSqlTests(ApiOnPostgreSql api) : ListPlansTests(api), IClassFixture<ApiOnPostgreSql>;
