using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Api.Tests.Infrastructure;

/// <summary>A local group that a test makes over HTTP, with its mappings and members; gone when it is disposed.</summary>
public sealed class GroupUnderTest : IAsyncDisposable
{
    // A group that denies may take something from the only superuser of a test.
    private const string Meant = "?allowNoSuperuser=true";

    private readonly HttpClient _maker;

    private GroupUnderTest(HttpClient maker, Guid id, string name)
    {
        _maker = maker;
        Id = id;
        Name = name;
    }

    public Guid Id { get; }

    public string Name { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <param name="maker">Somebody who holds what the group grants and denies.</param>
    /// <param name="granted">What its members may do.</param>
    /// <param name="denied">What they may not.</param>
    /// <param name="isDefault">Whether every account is in it.</param>
    public static async Task<GroupUnderTest> CreateAsync(
        HttpClient maker,
        IEnumerable<string> granted,
        IEnumerable<string>? denied = null,
        bool isDefault = false)
    {
        var name = $"g-{Guid.NewGuid():N}";
        using var response = await maker.PostAsJsonAsync(
            $"/api/groups{Meant}",
            new
            {
                name,
                permissions = granted,
                denied = denied ?? [],
                isDefault,
            },
            Cancel);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return new(maker, (await response.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("id").GetGuid(), name);
    }

    /// <summary>Puts an account into it directly.</summary>
    public async Task<GroupUnderTest> WithAsync(Guid account)
    {
        using var response = await _maker.PutAsync($"/api/groups/{Id}/members/{account}{Meant}", content: null, Cancel);
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        return this;
    }

    public async Task WithoutAsync(Guid account)
    {
        using var response = await _maker.DeleteAsync($"/api/groups/{Id}/members/{account}{Meant}", Cancel);
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    /// <summary>Maps a role, a pattern of roles or a Keycloak group to it.</summary>
    public async Task<GroupUnderTest> WithRoleAsync(string kind, string name, string client = "")
    {
        using var response = await _maker.PostAsJsonAsync($"/api/role-mappings{Meant}", new { kind, client, name, groupId = Id }, Cancel);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Cancel));
        return this;
    }

    public async ValueTask DisposeAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"/api/groups/{Id}{Meant}");
        request.Headers.IfMatch.ParseAdd("*");
        using var response = await _maker.SendAsync(request, CancellationToken.None);
        Assert.True(response.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.NotFound, response.ToString());
    }
}
