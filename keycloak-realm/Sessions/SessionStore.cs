using System.Collections.Concurrent;
using System.Security.Cryptography;
using KeycloakRealm.Flows;
using KeycloakRealm.Model;
using KeycloakRealm.RequiredActions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Sessions;

/// <summary>One lock for everything: of two simultaneous requests, only one may use a code or a refresh token, or end a session.</summary>
internal sealed class SessionStore(Realm realm, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, UserSession> _online = new(StringComparer.Ordinal);
    private readonly Dictionary<string, UserSession> _offline = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AuthorizationCode> _codes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Authentication> _authentications = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string ClientId, Dictionary<string, string> Parameters, long Expires)> _pushed = new(
        StringComparer.Ordinal);
    private readonly Dictionary<string, PendingLogout> _logouts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _revoked = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _used = new(StringComparer.Ordinal);

    private long Now => clock.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>24 characters of base64url.</summary>
    public static string NewSessionId() => Base64Url.Encode(RandomNumberGenerator.GetBytes(18));

    public static string NewSessionCode() => Base64Url.Encode(RandomNumberGenerator.GetBytes(32));

    public UserSession? Find(string? id, bool offline = false)
    {
        lock (_lock)
        {
            return FindAlive(id, offline ? _offline : _online);
        }
    }

    /// <summary>The online session, else the offline one.</summary>
    public (UserSession? Session, ClientSession? Client) FindFor(string? id, Client client)
    {
        lock (_lock)
        {
            var online = FindAlive(id, _online);
            if (PartOf(online, client) is { } part)
            {
                return (online, part);
            }

            var offline = FindAlive(id, _offline);
            return (offline ?? online, PartOf(offline, client));
        }
    }

    /// <summary>Creates the session and the client's part in it where they are missing.</summary>
    public (UserSession Session, ClientSession Client) Enter(string id, User user, Client client, bool reused, string? address = null)
    {
        lock (_lock)
        {
            var session = FindAlive(id, _online);
            if (session is null || session.User != user)
            {
                session = new UserSession { Id = id, User = user, Started = Now, LastRefresh = Now, Address = address };
                _online[id] = session;
            }

            session.LastRefresh = Now;
            return (session, Attach(session, client, reused));
        }
    }

    /// <summary>The offline copy of a session, for a client with offline access.</summary>
    public (UserSession Session, ClientSession Client) EnterOffline(UserSession online, ClientSession part)
    {
        lock (_lock)
        {
            if (FindAlive(online.Id, _offline) is not { } session)
            {
                session = new UserSession
                {
                    Id = online.Id,
                    User = online.User,
                    Started = Now,
                    LastRefresh = Now,
                    Offline = true,
                    Address = online.Address,
                    Notes = new ConcurrentDictionary<string, string>(online.Notes, StringComparer.Ordinal),
                };
                _offline[online.Id] = session;
            }

            var copy = Attach(session, part.Client, part.Reused);
            copy.Nonce = part.Nonce;
            copy.Level = part.Level;
            copy.Acr = part.Acr;
            return (session, copy);
        }
    }

    public void Detach(UserSession session, Client client, bool endIfLast)
    {
        lock (_lock)
        {
            session.Clients.TryRemove(client.Id, out _);
            if (endIfLast && session.Clients.IsEmpty)
            {
                (session.Offline ? _offline : _online).Remove(session.Id);
            }
        }
    }

    /// <summary>The caller notifies the clients. Null if another request has ended the session.</summary>
    public UserSession? End(string? id)
    {
        lock (_lock)
        {
            return id is not null && _online.Remove(id, out var session) ? session : null;
        }
    }

    public List<UserSession> List(Func<UserSession, bool> predicate, bool offline = false)
    {
        lock (_lock)
        {
            DropExpired();
            return [.. (offline ? _offline : _online).Values.Where(predicate)];
        }
    }

    /// <summary>Returns what it ended; its clients are to be notified.</summary>
    public List<UserSession> EndOnline(Func<UserSession, bool> predicate)
    {
        lock (_lock)
        {
            List<UserSession> ended = [.. _online.Values.Where(predicate)];
            foreach (var session in ended)
            {
                _online.Remove(session.Id);
            }

            return ended;
        }
    }

    /// <summary>Ends offline sessions too; returns the online ones, whose clients are to be notified.</summary>
    public List<UserSession> EndAll(Func<UserSession, bool> predicate)
    {
        lock (_lock)
        {
            List<UserSession> ended = [.. _online.Values.Where(predicate)];
            foreach (var session in ended)
            {
                _online.Remove(session.Id);
            }

            foreach (var session in _offline.Values.Where(predicate).ToList())
            {
                _offline.Remove(session.Id);
            }

            return ended;
        }
    }

    public AuthorizationCode AddCode(UserSession session, AuthorizationRequest request, bool reused, int level)
    {
        var code = new AuthorizationCode(
            $"{Guid.NewGuid()}.{session.Id}.{request.Client.Id}",
            session.Id,
            request,
            reused,
            level,
            Now + realm.AccessCodeLifespan);
        lock (_lock)
        {
            DropExpired();
            _codes[code.Value] = code;
        }

        return code;
    }

    /// <summary>A code that is unknown, used or expired takes its client out of its session: it may have been stolen.</summary>
    public RedeemedCode? TakeCode(string value)
    {
        lock (_lock)
        {
            if (_codes.Remove(value, out var code)
                && code.Expires >= Now
                && FindAlive(code.SessionId, _online) is { } session
                && session.Clients.TryGetValue(code.Request.Client.Id, out var part))
            {
                session.LastRefresh = Now;
                part.LastRefresh = Now;
                Describe(part, code.Request, code.Reused, code.Level);
                return new RedeemedCode(code, session, part);
            }

            if (value.Split('.') is [_, var sessionId, var clientUuid] && _online.TryGetValue(sessionId, out var named))
            {
                named.Clients.TryRemove(clientUuid, out _);
            }

            return null;
        }
    }

    /// <summary>For the tokens of an authorization response, which are issued without a code.</summary>
    public ClientSession Resume(UserSession session, AuthorizationRequest request, bool reused, int level)
    {
        lock (_lock)
        {
            var part = Attach(session, request.Client, reused);
            Describe(part, request, reused, level);
            return part;
        }
    }

    /// <summary>Counts uses where the realm rotates tokens. Returns the reason to refuse; then the client is out of the session.</summary>
    public string? UseRefreshToken(UserSession session, ClientSession part, string tokenId, string? family, long issuedAt)
    {
        lock (_lock)
        {
            if (!session.Clients.ContainsKey(part.Client.Id))
            {
                return "Session doesn't have required client";
            }

            if (realm.RevokeRefreshToken)
            {
                var key = family ?? "";
                part.RefreshUses.TryGetValue(key, out var last);
                var same = last is not null && string.Equals(last.TokenId, tokenId, StringComparison.Ordinal);
                if (last is not null && !same && issuedAt < last.At)
                {
                    session.Clients.TryRemove(part.Client.Id, out _);
                    return "Stale token";
                }

                var count = same ? last!.Count : 0;
                if (count > realm.RefreshTokenMaxReuse)
                {
                    session.Clients.TryRemove(part.Client.Id, out _);
                    return "Maximum allowed refresh token reuse exceeded";
                }

                part.RefreshUses[key] = new RefreshUse(tokenId, count + 1, Now);
            }

            session.LastRefresh = Now;
            part.LastRefresh = Now;
            return null;
        }
    }

    /// <summary>For tokens that are valid without a session.</summary>
    public void Revoke(string tokenId, long expires)
    {
        lock (_lock)
        {
            _revoked[tokenId] = expires;
        }
    }

    public bool IsRevoked(string tokenId)
    {
        lock (_lock)
        {
            return _revoked.ContainsKey(tokenId);
        }
    }

    /// <summary>False for a replay; remembered until the proof or assertion expires.</summary>
    public bool UseOnce(string id, long expires)
    {
        lock (_lock)
        {
            DropExpired();
            return _used.TryAdd(id, expires);
        }
    }

    public (Authentication Authentication, bool IsNew) OpenAuthentication(string? id)
    {
        lock (_lock)
        {
            if (id is not null && _authentications.TryGetValue(id, out var known))
            {
                known.LastUsed = Now;
                return (known, false);
            }

            var made = new Authentication
            {
                Id = id is not null && FindAlive(id, _online) is not null ? id : NewSessionId(),
                LastUsed = Now,
            };
            _authentications[made.Id] = made;
            return (made, true);
        }
    }

    /// <summary>After a sign-in without a page; kept while another page is open.</summary>
    public void CloseAuthentication(Authentication authentication)
    {
        lock (_lock)
        {
            if (authentication.Tabs.Count == 0)
            {
                _authentications.Remove(authentication.Id);
            }
        }
    }

    public AuthenticationTab OpenTab(
        Authentication authentication, AuthorizationRequest request, FlowRun run, string? notice = null)
    {
        var tab = new AuthenticationTab
        {
            Id = Base64Url.Encode(RandomNumberGenerator.GetBytes(8)),
            Request = request,
            Started = Now,
            SessionCode = NewSessionCode(),
            Actions = new ActionProgress(request.KcAction, run.SetupActions),
            Run = run,
            Notice = notice,
        };
        lock (_lock)
        {
            DropExpired();
            authentication.Tabs[tab.Id] = tab;
        }

        return tab;
    }

    public AuthenticationTab? FindTab(string? authenticationId, string? tabId)
    {
        lock (_lock)
        {
            return authenticationId is not null && tabId is not null
                && _authentications.TryGetValue(authenticationId, out var authentication)
                && authentication.Tabs.TryGetValue(tabId, out var tab)
                && tab.Started + realm.AccessCodeLifespanLogin >= Now
                    ? tab
                    : null;
        }
    }

    /// <summary>The number of open pages; null if this one was closed already.</summary>
    public int? CloseTab(string authenticationId, AuthenticationTab tab)
    {
        lock (_lock)
        {
            if (!_authentications.TryGetValue(authenticationId, out var authentication) || !authentication.Tabs.Remove(tab.Id))
            {
                return null;
            }

            if (authentication.Tabs.Count == 0)
            {
                _authentications.Remove(authenticationId);
            }

            return authentication.Tabs.Count;
        }
    }

    public string Push(string clientId, Dictionary<string, string> parameters)
    {
        var uri = "urn:ietf:params:oauth:request_uri:" + Guid.NewGuid();
        lock (_lock)
        {
            _pushed[uri] = (clientId, parameters, Now + realm.PushedRequestLifespan);
        }

        return uri;
    }

    /// <summary>Only the client that pushed the request uses it up.</summary>
    public Dictionary<string, string>? TakePushed(string uri, string clientId)
    {
        lock (_lock)
        {
            if (!_pushed.TryGetValue(uri, out var pushed) || pushed.Expires < Now)
            {
                return null;
            }

            if (string.Equals(pushed.ClientId, clientId, StringComparison.Ordinal))
            {
                _pushed.Remove(uri);
            }

            return pushed.Parameters;
        }
    }

    public void AddLogout(PendingLogout logout)
    {
        lock (_lock)
        {
            _logouts[logout.TabId] = logout;
        }
    }

    public PendingLogout? TakeLogout(string? tabId, string? sessionCode)
    {
        lock (_lock)
        {
            return tabId is not null && _logouts.TryGetValue(tabId, out var logout)
                && string.Equals(logout.SessionCode, sessionCode, StringComparison.Ordinal)
                && _logouts.Remove(tabId)
                    ? logout
                    : null;
        }
    }

    private ClientSession? PartOf(UserSession? session, Client client) =>
        session is not null && session.Clients.TryGetValue(client.Id, out var part) && SessionLimits.IsAlive(realm, session, part, Now)
            ? part
            : null;

    private static void Describe(ClientSession part, AuthorizationRequest request, bool reused, int level)
    {
        part.Reused = reused;
        part.Nonce = request.Nonce;
        part.Level = level;
        part.Acr = request.Acr;
    }

    private ClientSession Attach(UserSession session, Client client, bool reused)
    {
        if (!session.Clients.TryGetValue(client.Id, out var part))
        {
            part = new ClientSession { Client = client, Started = Now, LastRefresh = Now };
            session.Clients[client.Id] = part;
        }

        part.LastRefresh = Now;
        part.Reused = reused;
        return part;
    }

    private UserSession? FindAlive(string? id, Dictionary<string, UserSession> sessions)
    {
        if (id is null || !sessions.TryGetValue(id, out var session))
        {
            return null;
        }

        if (SessionLimits.IsAlive(realm, session, Now))
        {
            return session;
        }

        sessions.Remove(id);
        return null;
    }

    private void DropExpired()
    {
        var now = Now;
        foreach (var code in _codes.Values.Where(code => code.Expires < now).ToList())
        {
            _codes.Remove(code.Value);
        }

        foreach (var id in _revoked.Where(each => each.Value < now).Select(each => each.Key).ToList())
        {
            _revoked.Remove(id);
        }

        foreach (var id in _used.Where(each => each.Value < now).Select(each => each.Key).ToList())
        {
            _used.Remove(id);
        }

        foreach (var uri in _pushed.Where(each => each.Value.Expires < now).Select(each => each.Key).ToList())
        {
            _pushed.Remove(uri);
        }

        foreach (var session in _online.Values.Where(session => !SessionLimits.IsAlive(realm, session, now)).ToList())
        {
            _online.Remove(session.Id);
        }

        foreach (var authentication in _authentications.Values.ToList())
        {
            foreach (var tab in authentication.Tabs.Values.Where(tab => tab.Started + realm.AccessCodeLifespanLogin < now).ToList())
            {
                authentication.Tabs.Remove(tab.Id);
            }

            if (authentication.Tabs.Count == 0 && authentication.LastUsed + realm.AccessCodeLifespanLogin < now)
            {
                _authentications.Remove(authentication.Id);
            }
        }
    }
}
