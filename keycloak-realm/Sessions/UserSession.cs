using System.Collections.Concurrent;
using KeycloakRealm.Model;

namespace KeycloakRealm.Sessions;

/// <summary>Of a browser, a password grant, or the offline copy. Changed only under the lock of <see cref="SessionStore"/>.</summary>
internal sealed class UserSession
{
    public required string Id { get; init; }

    public required User User { get; init; }

    public required long Started { get; init; }

    public required long LastRefresh { get; set; }

    public bool Offline { get; init; }

    /// <summary>As Java writes it.</summary>
    public string? Address { get; init; }

    /// <summary>What the browser or program said it was when the session began.</summary>
    public string? UserAgent { get; set; }

    /// <summary><c>AUTH_TIME</c> of a browser, <c>client_id</c> and addresses of a service.</summary>
    public ConcurrentDictionary<string, string> Notes { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Level to Unix seconds. Replaced as a whole.</summary>
    public IReadOnlyDictionary<int, long> Levels { get; set; } = new Dictionary<int, long>();

    /// <summary>By the client's internal id. Concurrent, because it is read without the lock.</summary>
    public ConcurrentDictionary<string, ClientSession> Clients { get; } = new(StringComparer.Ordinal);
}

internal sealed class ClientSession
{
    public required Client Client { get; init; }

    public required long Started { get; init; }

    public required long LastRefresh { get; set; }

    /// <summary>Single sign-on: <c>acr</c> is 0 then.</summary>
    public bool Reused { get; set; }

    public string? Nonce { get; set; }

    /// <summary>The sign-in asked for offline access: Keycloak ends this session once the offline one exists.</summary>
    public bool BeganOffline { get; set; }

    /// <summary><see cref="AcrRequest.None"/> where the flow has no levels.</summary>
    public int Level { get; set; } = AcrRequest.None;

    public AcrRequest? Acr { get; set; }

    /// <summary>By family (<c>reuse_id</c>).</summary>
    public Dictionary<string, RefreshUse> RefreshUses { get; } = new(StringComparer.Ordinal);
}

internal sealed record RefreshUse(string TokenId, int Count, long At);
