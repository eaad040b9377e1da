using System.Security.Cryptography;
using KeycloakRealm.Model;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Sessions;

/// <summary>Which devices wait. One lock: of two simultaneous requests, only one gets the tokens.</summary>
internal sealed class DeviceStore(Realm realm, TimeProvider clock)
{
    // An expired code is told from an unknown one for so many seconds, and those between two requests.
    private const int Remembered = 10;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, DeviceCode> _codes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DeviceCode> _waiting = new(StringComparer.Ordinal);

    private long Now => clock.GetUtcNow().ToUnixTimeSeconds();

    public DeviceCode Add(Client client, string? scope, string? nonce, string? challenge, string? challengeMethod)
    {
        var letters = RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 8);
        var code = new DeviceCode
        {
            Value = Base64Url.Encode(RandomNumberGenerator.GetBytes(32)),
            UserCode = $"{letters[..4]}-{letters[4..]}",
            Client = client,
            Scope = scope,
            Nonce = nonce,
            Challenge = challenge,
            ChallengeMethod = challengeMethod,
            Expires = Now + (client.AttributeNumber("oauth2.device.code.lifespan") ?? realm.DeviceCodeLifespan),
            Interval = client.AttributeNumber("oauth2.device.polling.interval") ?? realm.DevicePollingInterval,
        };
        lock (_lock)
        {
            foreach (var old in _codes.Values.Where(each => !IsRemembered(each)).ToList())
            {
                Forget(old);
            }

            _codes[code.Value] = code;
            _waiting[letters] = code;
        }

        return code;
    }

    public DeviceCode? Find(string value)
    {
        lock (_lock)
        {
            return _codes.TryGetValue(value, out var code) && IsRemembered(code) ? code : null;
        }
    }

    /// <summary>A device that still waits; neither case nor dashes matter.</summary>
    public DeviceCode? FindWaiting(string userCode)
    {
        lock (_lock)
        {
            return _waiting.TryGetValue(LettersOf(userCode), out var code) && IsRemembered(code) ? code : null;
        }
    }

    /// <summary>False for a request that comes too soon after the last one that counted.</summary>
    public bool MayPoll(DeviceCode code)
    {
        lock (_lock)
        {
            if (clock.GetUtcNow() < code.NextPoll)
            {
                return false;
            }

            code.NextPoll = clock.GetUtcNow().AddSeconds(code.Interval);
            return true;
        }
    }

    public void Approve(DeviceCode code, DeviceApproval approval)
    {
        lock (_lock)
        {
            code.Approval = approval;
            _waiting.Remove(LettersOf(code.UserCode));
        }
    }

    public void Deny(DeviceCode code)
    {
        lock (_lock)
        {
            code.IsDenied = true;
            _waiting.Remove(LettersOf(code.UserCode));
        }
    }

    /// <summary>False if another request has taken it.</summary>
    public bool Take(DeviceCode code)
    {
        lock (_lock)
        {
            return Forget(code);
        }
    }

    private bool IsRemembered(DeviceCode code) => code.Expires + code.Interval + Remembered >= Now;

    private bool Forget(DeviceCode code)
    {
        _waiting.Remove(LettersOf(code.UserCode));
        return _codes.Remove(code.Value);
    }

    private static string LettersOf(string userCode) => string.Concat(userCode.Where(char.IsAsciiLetter)).ToUpperInvariant();
}
