using System.Collections.Concurrent;
using KeycloakRealm.Model;

namespace KeycloakRealm.Sessions;

/// <summary>
/// A signed-in user: a browser's single sign-on, a password grant, or the offline copy that outlives both. Shared by all
/// clients that the user entered with it. Changed only under the lock of <see cref="SessionStore"/>.
/// </summary>
internal sealed class UserSession
{
    public required string Id { get; init; }

    public required User User { get; init; }

    public required long Started { get; init; }

    public required long LastRefresh { get; set; }

    public bool Offline { get; init; }

    /// <summary>The address that signed in, as Java writes it.</summary>
    public string? Address { get; init; }

    /// <summary>Facts about the sign-in: <c>AUTH_TIME</c> of a browser, <c>client_id</c> and addresses of a service.</summary>
    public ConcurrentDictionary<string, string> Notes { get; init; } = new(StringComparer.Ordinal);

    /// <summary>The levels of authentication that were reached, with the second of each. Replaced as a whole.</summary>
    public IReadOnlyDictionary<int, long> Levels { get; set; } = new Dictionary<int, long>();

    /// <summary>By the client's id. Concurrent because it is read without the lock.</summary>
    public ConcurrentDictionary<string, ClientSession> Clients { get; } = new(StringComparer.Ordinal);
}

/// <summary>A client's part in a user session.</summary>
internal sealed class ClientSession
{
    public required Client Client { get; init; }

    public required long Started { get; init; }

    public required long LastRefresh { get; set; }

    /// <summary>Entered through a session that was there already: <c>acr</c> is 0 then.</summary>
    public bool Reused { get; set; }

    public string? Nonce { get; set; }

    /// <summary>
    /// The session began with a request for offline access: once the offline session is there, nobody needs this one, and
    /// Keycloak ends it.
    /// </summary>
    public bool BeganOffline { get; set; }

    /// <summary>The level of authentication of this entry; <see cref="AcrRequest.None"/> where the flow knows none.</summary>
    public int Level { get; set; } = AcrRequest.None;

    /// <summary>The levels that the client asked for.</summary>
    public AcrRequest? Acr { get; set; }

    /// <summary>What became of the refresh tokens, by family (<c>reuse_id</c>).</summary>
    public Dictionary<string, RefreshUse> RefreshUses { get; } = new(StringComparer.Ordinal);
}

/// <summary>The refresh token of a family that was used last, how often, and when.</summary>
internal sealed record RefreshUse(string TokenId, int Count, long At);
