using System.Data.Common;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Groups;

/// <summary>The lists of groups, role mappings and observed roles, a page at a time.</summary>
public abstract class ListPagingTests(ApiUnderTest api) : ApiTests(api)
{
    private const string Groups = "/api/groups";
    private const string Mappings = "/api/role-mappings";
    private const string ObservedRoles = "/api/role-mappings/observed-roles";

    [Theory]
    [InlineData(Groups, "groups")]
    [InlineData(Mappings, "role_mappings")]
    [InlineData(ObservedRoles, "observed_roles")]
    public async Task Pages_of_any_length_hold_every_item_once_in_one_order(string path, string table)
    {
        var ada = await Api.PersonAsync("ada");
        await using var connection = await FillAsync();
        var count = await connection.ExecuteScalarAsync<int>($"SELECT COUNT(*) FROM {table}");
        Assert.True(count > 100);

        var all = (await ListAsync(ada, path)).Select(item => item.GetRawText()).ToArray();

        Assert.Equal(count, all.Distinct(StringComparer.Ordinal).Count());
        foreach (var limit in new[] { 1, 2, 3, count - 1, count, 100 }.Where(limit => limit <= 100))
        {
            Assert.Equal(all, (await ListAsync(ada, path, limit)).Select(item => item.GetRawText()));
        }

        var first = await PageAsync(ada, path);
        Assert.Equal(all[..50], first.GetProperty("items").EnumerateArray().Select(item => item.GetRawText()));
    }

    [Fact]
    public async Task Groups_come_by_name_and_mappings_by_kind_client_name_and_group()
    {
        var ada = await Api.PersonAsync("ada");
        await using var connection = await FillAsync();

        var groups = (await ListAsync(ada, Groups, 7)).Select(group => group.GetProperty("name").GetString());
        var mappings = (await ListAsync(ada, Mappings, 7)).Select(mapping => string.Join(
            '\n', new[] { "kind", "client", "name", "groupName" }.Select(member => mapping.GetProperty(member).GetString())));

        Assert.Equal(groups.OrderBy(Utf8, StringComparer.Ordinal), groups);
        Assert.Equal(mappings.OrderBy(Utf8, StringComparer.Ordinal), mappings);

        static string Utf8(string? text) => Convert.ToHexString(Encoding.UTF8.GetBytes(text!));
    }

    [Theory]
    [InlineData(Groups)]
    [InlineData(Mappings)]
    public async Task What_is_added_and_removed_between_pages_neither_repeats_nor_hides_what_stays(string path)
    {
        var ada = await Api.PersonAsync("ada");
        await using var connection = await FillAsync();
        var all = await ListAsync(ada, path);
        // Not those by which Ada may ask.
        var made = all.Where(item => item.GetRawText().Contains("\"p-", StringComparison.Ordinal)).Select(IdOf).ToArray();
        var staying = all.Select(IdOf).ToHashSet();
        var got = new List<Guid>();
        var after = "";
        for (var pages = 0; after is not null; pages++)
        {
            var page = await PageAsync(ada, $"{path}?limit=30" + (after.Length == 0 ? "" : $"&after={after}"));
            got.AddRange(page.GetProperty("items").EnumerateArray().Select(IdOf));
            after = page.GetProperty("next").GetString();
            if (pages == 0)
            {
                // The row that the cursor names, one before it and one to come go; others come before and behind it.
                Assert.Contains(got[^1], made);
                foreach (var gone in new[] { got[^1], made[0], made[^1] })
                {
                    var table = path == Groups ? "groups" : "role_mappings";
                    await connection.ExecuteAsync($"DELETE FROM {table} WHERE id = @gone", new { gone });
                    staying.Remove(gone);
                }

                await AddAsync(connection, $"a-early-{got[0]:N}", "aa");
                await AddAsync(connection, $"z-late-{got[0]:N}", "zz");
            }
        }

        Assert.Equal(got.Count, got.Distinct().Count());
        Assert.Superset(staying, got.ToHashSet());
    }

    [Theory]
    [InlineData("limit=0", "limit", "between 1 and 100")]
    [InlineData("limit=-1", "limit", "between 1 and 100")]
    [InlineData("limit=101", "limit", "between 1 and 100")]
    [InlineData("limit=many", null, "limit cannot be read")]
    [InlineData("after=", "after", "next of a page before")]
    [InlineData("after=zzz", "after", "next of a page before")]
    [InlineData("after=%00", "after", "NUL")]
    [InlineData("limit=1&limit=2", null, "limit cannot be read")]
    [InlineData("after=a&after=b", "after", "2 times")]
    [InlineData("search=a", "search", "no query parameter")]
    public async Task A_page_that_cannot_be_is_refused_by_name(string query, string? field, string expected)
    {
        var ada = await Api.PersonAsync("ada");

        foreach (var path in new[] { Groups, Mappings, ObservedRoles })
        {
            var problem = await AssertProblemAsync(await ada.GetAsync($"{path}?{query}", Cancel), 400, "invalid_request");
            var text = field is null ? problem.GetProperty("detail") : problem.GetProperty("errors").GetProperty(field)[0];
            Assert.Contains(expected, text.GetString()!, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_cursor_of_another_list_or_of_other_keys_is_refused()
    {
        var ada = await Api.PersonAsync("ada");
        await using var connection = await FillAsync();
        string[] lists = [Groups, Mappings, ObservedRoles, "/api/accounts", "/api/audit"];
        await (await Api.PersonAsync("linus")).GetAsync("/api/me", Cancel);
        foreach (var list in lists)
        {
            var next = (await PageAsync(ada, $"{list}?limit=1")).GetProperty("next").GetString();
            foreach (var other in lists)
            {
                var answer = await ada.GetAsync($"{other}?limit=1&after={next}", Cancel);
                Assert.True((int)answer.StatusCode == (list == other ? 200 : 400), $"{list} {other} {answer.StatusCode}");
            }
        }

        foreach (var forged in new Cursor[] { new("group-name", []), new("group-name", [null]), new("group-name", ["a", "b"]) })
        {
            await AssertProblemAsync(await ada.GetAsync($"{Groups}?after={forged}", Cancel), 400, "invalid_request");
        }
    }

    private static Guid IdOf(JsonElement item) => item.GetProperty("id").GetGuid();

    private static async Task<JsonElement> PageAsync(HttpClient client, string path) =>
        await client.GetFromJsonAsync<JsonElement>(path, Cancel);

    // Names that begin alike and that are not ASCII, roles into several groups, and more of each than the longest page has.
    private async Task<DbConnection> FillAsync()
    {
        var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        if (await connection.ExecuteScalarAsync<int>("SELECT COUNT(*) FROM groups WHERE name LIKE 'p-%'") > 0)
        {
            return connection;
        }

        for (var index = 0; index < 110; index++)
        {
            var role = (index % 5) switch { 0 => "é", 1 => "e", 2 => "E", 3 => "\U0001F600", _ => "\uFFFD" } + $"{index / 3}";
            await AddAsync(connection, $"p-{index * 37 % 110}", role, index);
        }

        return connection;
    }

    private static async Task AddAsync(DbConnection connection, string name, string role, int index = 0)
    {
        var (kind, client) = (index % 3) switch
        {
            0 => ("realm-role", ""),
            1 => ("client-role", $"c{index % 2}"),
            _ => ("keycloak-group", ""),
        };
        var values = new { id = Guid.NewGuid(), mapping = Guid.NewGuid(), name, kind, client, role, now = DateTimeOffset.UtcNow };
        await connection.ExecuteAsync(
            """
            INSERT INTO groups (id, name) VALUES (@id, @name);
            INSERT INTO group_permissions (group_id, permission) VALUES (@id, 'book:view'), (@id, 'book:add');
            INSERT INTO role_mappings (id, kind, client, name, group_id) VALUES (@mapping, @kind, @client, @role, @id);
            INSERT INTO observed_roles (kind, client, name, first_observed_at) VALUES (@kind, @client, @role, @now) ON CONFLICT DO NOTHING
            """,
            values);
    }
}

public sealed class ListPagingOnSqliteTests(ApiOnEmbeddedRealm api) : ListPagingTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class ListPagingOnPostgreSqlTests(ApiOnPostgreSql api) : ListPagingTests(api), IClassFixture<ApiOnPostgreSql>;
