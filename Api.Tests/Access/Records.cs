using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Access;

/// <summary>
/// The fixture of the certification scenario (AuthZEN Authorization API 1.0, Certification Scenario, section 4), as far as
/// it uses identifiers only: a model whose rows have texts as ids, and alice and bob. One row more is hidden from those who
/// may not delete records.
/// </summary>
internal sealed class Records : IModelRows
{
    public const string Hidden = "record-hidden";

    private static readonly string[] Ids = ["record-1", "record-2", "record-3", Hidden];

    private static readonly ConcurrentDictionary<ApiUnderTest, Lazy<Task>> Seeded = new();

    public string Model => "record";

    public static void Add(IServiceCollection services)
    {
        services.AddResource("record", "read", "write", "delete");
        services.AddSingleton<IModelRows, Records>();
    }

    public Task<bool> ExistsAsync(string id, RowSubject subject, CancellationToken cancellationToken) =>
        Task.FromResult(Shown(subject).Contains(id));

    public Task<(IReadOnlyList<string> Ids, string? Next)> ListIdsAsync(
        RowSubject subject, int limit, string? after, CancellationToken cancellationToken)
    {
        var rest = Shown(subject)
            .Order(StringComparer.Ordinal)
            .Where(id => after is null || string.CompareOrdinal(id, after) > 0)
            .ToArray();
        return Task.FromResult<(IReadOnlyList<string>, string?)>(
            (rest[..Math.Min(limit, rest.Length)], rest.Length > limit ? rest[limit - 1] : null));
    }

    /// <summary>Puts the fixture in, once: alice may read and write, bob may read.</summary>
    public static Task SeedAsync(ApiUnderTest api) => Seeded.GetOrAdd(api, _ => new(async () =>
    {
        await AddAccountAsync(api, "alice");
        await AddAccountAsync(api, "bob");
        await AddGroupAsync(api, """["record:read","record:write"]""", members: ["alice"]);
        await AddGroupAsync(api, """["record:read"]""", members: ["bob"]);
    })).Value;

    /// <summary>An account that no token has shown yet.</summary>
    public static async Task AddAccountAsync(ApiUnderTest api, string subject, string kind = "person", bool enabled = true)
    {
        const string sql = """
            INSERT INTO accounts (id, issuer, subject, kind, username, enabled, created_at, last_seen_at)
            VALUES (@id, @Issuer, @subject, @kind, @subject, @enabled, @now, @now)
            """;
        await using var connection = await api.Services.GetRequiredService<Database>().OpenToWriteAsync(CancellationToken.None);
        await connection.ExecuteAsync(
            sql, new { id = Guid.CreateVersion7(), api.Realm.Issuer, subject, kind, enabled, now = DateTimeOffset.UtcNow });
    }

    /// <returns>The address of a new group.</returns>
    public static async Task<string> AddGroupAsync(
        ApiUnderTest api, string permissions, string denied = "[]", bool isDefault = false, params IEnumerable<string> members)
    {
        var ada = await api.PersonAsync("ada");
        var (name, isDefaultText) = ($"g-{Guid.NewGuid():N}", isDefault ? "true" : "false");
        var body = $$"""{"name":"{{name}}","permissions":{{permissions}},"denied":{{denied}},"isDefault":{{isDefaultText}}}""";
        var created = await ada.PostAsync("/api/groups", new StringContent(body, Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var group = created.Headers.Location!.AbsolutePath;
        foreach (var member in members)
        {
            Assert.Equal(
                HttpStatusCode.NoContent,
                (await ada.PutAsync($"{group}/members/{await AccountAsync(api, member)}", content: null)).StatusCode);
        }

        return group;
    }

    public static async Task DeleteGroupAsync(ApiUnderTest api, string group)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, group);
        request.Headers.IfMatch.ParseAdd("*");
        Assert.Equal(HttpStatusCode.NoContent, (await (await api.PersonAsync("ada")).SendAsync(request)).StatusCode);
    }

    public static async Task<Guid> AccountAsync(ApiUnderTest api, string subject)
    {
        await using var connection = await api.Services.GetRequiredService<Database>().OpenToWriteAsync(CancellationToken.None);
        return await connection.QuerySingleAsync<Guid>("SELECT id FROM accounts WHERE subject = @subject", new { subject });
    }

    private static IEnumerable<string> Shown(RowSubject subject) => Ids.Where(id => id != Hidden || subject.May("record", "delete"));
}

public sealed class RecordsOnEmbeddedRealm(EmbeddedRealmUnderTest realm) : ApiUnderTest(realm, DatabaseEngine.Sqlite)
{
    private protected override void AddServices(IServiceCollection services) => Records.Add(services);
}

public sealed class RecordsOnPostgreSql(EmbeddedRealmUnderTest realm) : ApiUnderTest(realm, DatabaseEngine.PostgreSql)
{
    private protected override void AddServices(IServiceCollection services) => Records.Add(services);
}

public sealed class RecordsOnKeycloak(KeycloakUnderTest realm) : ApiUnderTest(realm, DatabaseEngine.Sqlite)
{
    private protected override void AddServices(IServiceCollection services) => Records.Add(services);
}

/// <summary>The base of the tests that ask who may do what.</summary>
public abstract class AccessTests(ApiUnderTest api) : ApiTests(api), IAsyncLifetime
{
    protected const string Evaluation = "/access/v1/evaluation";
    protected const string Evaluations = "/access/v1/evaluations";
    protected const string SubjectSearch = "/access/v1/search/subject";
    protected const string ResourceSearch = "/access/v1/search/resource";
    protected const string ActionSearch = "/access/v1/search/action";

    /// <summary>Another service, which may ask about everybody.</summary>
    protected Task<HttpClient> AskerAsync() => Api.PersonAsync("ada");

    async ValueTask IAsyncLifetime.InitializeAsync()
    {
        await Api.StartAsync();
        await Records.SeedAsync(Api);
    }

    protected async Task<HttpResponseMessage> SendAsync(string path, string body) => await SendAsync(await AskerAsync(), path, body);

    protected static Task<HttpResponseMessage> SendAsync(HttpClient client, string path, string body) =>
        client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"), Cancel);

    /// <summary>An answer of 200, which is JSON.</summary>
    protected async Task<JsonElement> AskAsync(string path, string body) => await AskAsync(await AskerAsync(), path, body);

    protected static async Task<JsonElement> AskAsync(HttpClient client, string path, string body)
    {
        var response = await SendAsync(client, path, body);
        Assert.True(response.StatusCode == HttpStatusCode.OK, await response.Content.ReadAsStringAsync(Cancel));
        Assert.Equal("application/json", response.Content.Headers.ContentType?.ToString());
        return await response.Content.ReadFromJsonAsync<JsonElement>(Cancel);
    }

    protected async Task<bool> MayAsync(string subject, string action, string row, string type = "user") =>
        (await AskAsync(Evaluation, $$$"""
            {"subject":{"type":"{{{type}}}","id":"{{{subject}}}"},"action":{"name":"{{{action}}}"},
            "resource":{"type":"record","id":"{{{row}}}"}}
            """)).GetProperty("decision").GetBoolean();

    protected static string Texts(JsonElement answer, string member) =>
        string.Join(' ', answer.GetProperty("results").EnumerateArray().Select(result => result.GetProperty(member).GetString()));

    protected static bool[] Decisions(JsonElement answer) =>
        [.. answer.GetProperty("evaluations").EnumerateArray().Select(evaluation => evaluation.GetProperty("decision").GetBoolean())];
}
