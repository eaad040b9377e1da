using System.Net;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.SharedSignals;

/// <summary>What events do to sessions, tokens and the audit log, on every instance.</summary>
public abstract class EventEffectsContract(ForgingRealmPlace place) : SignalTests(place)
{
    private string Username => $"person-{Subject}";

    [Fact]
    public async Task A_revoked_session_ends_with_its_tokens_and_no_other_one_does()
    {
        var cookie = await SignInAsync();
        var other = await SignInAsync(session: $"other-{Session}");
        var (token, others) = (Token(), Token(session: $"other-{Session}"));

        await AcceptAsync(Event(
            Caep + "session-revoked",
            new { event_timestamp = Now, initiating_entity = "user", reason_admin = new { en = "User logout" } }));

        Assert.Equal(HttpStatusCode.Unauthorized, await LookAsync(cookie));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(token));
        Assert.Equal(HttpStatusCode.OK, await LookAsync(other));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(others));
        Assert.Equal(["Keycloak service session end session-revoked: User logout"], await AuditAsync(Username));
    }

    [Fact]
    public async Task ALL_in_the_place_of_a_session_ends_every_one_that_began_until_then()
    {
        var before = Now - 100;
        var (cookie, other) = (await SignInAsync(issuedAt: before), await SignInAsync(session: $"other-{Session}", issuedAt: before));
        var (token, later) = (Token(issuedAt: before), Token(session: "later", issuedAt: before + 21));
        var somebody = await SignInAsync(subject: Guid.NewGuid().ToString(), session: $"else-{Session}", issuedAt: before);

        await AcceptAsync(Event(
            Caep + "session-revoked", new { event_timestamp = before + 20 }, ("sub_id", Complex(Person(), Opaque("ALL")))));

        Assert.Equal(HttpStatusCode.Unauthorized, await LookAsync(cookie));
        Assert.Equal(HttpStatusCode.Unauthorized, await LookAsync(other));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(token));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(later));
        Assert.Equal(HttpStatusCode.OK, await LookAsync(somebody));
        Assert.Equal(["Keycloak service account end-sessions session-revoked"], await AuditAsync(Username));
    }

    [Fact]
    public async Task The_time_is_that_of_the_event_or_else_toe_or_else_iat()
    {
        var before = Now - 100;
        await AcceptAsync(Event(Caep + "session-revoked", new { }, ("sub_id", Person()), ("toe", before), ("iat", before + 50)));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(Token(issuedAt: before)));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(Token(issuedAt: before + 1)));

        await AcceptAsync(Event(Caep + "session-revoked", new { }, ("sub_id", Person()), ("iat", before + 50)));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(Token(issuedAt: before + 50)));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(Token(issuedAt: before + 51)));

        // One that comes late does not take back what a later one has ended.
        await AcceptAsync(Event(Caep + "session-revoked", new { event_timestamp = before }, ("sub_id", Person())));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(Token(issuedAt: before + 50)));
    }

    public static TheoryData<string> Ending => new()
    {
        Risc + "account-disabled", Risc + "account-purged", Risc + "credential-compromise", Risc + "sessions-revoked",
        Caep + "session-revoked",
    };

    [Theory]
    [MemberData(nameof(Ending))]
    public async Task What_is_told_of_an_account_ends_all_of_its_sessions(string type)
    {
        var cookie = await SignInAsync();
        var token = Token();
        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));

        await AcceptAsync(Event(type, new { reason = "hijacking" }, ("sub_id", Person())));

        Assert.Equal(HttpStatusCode.Unauthorized, await LookAsync(cookie));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(token));
        Assert.Equal([$"Keycloak service account end-sessions {type[(type.LastIndexOf('/') + 1)..]}"], await AuditAsync(Username));
        // Keycloak lets nobody in whom it has disabled; whom it lets in again is in again.
        await AcceptAsync(Event(Risc + "account-enabled", new { }, ("sub_id", Person())));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(Token(session: "again", issuedAt: Now + 2)));
    }

    public static TheoryData<string, object> Ignored => new()
    {
        { Caep + "device-compliance-change", new { previous_status = "compliant", current_status = "not-compliant" } },
        { Caep + "risk-level-change", new { current_level = "HIGH", principal = "USER" } },
        { Caep + "session-established", new { } },
        { Caep + "session-presented", new { } },
        { Caep + "credential-change", new { credential_type = "app", change_type = "create" } },
        { Risc + "account-enabled", new { } },
        { Risc + "account-credential-change-required", new { } },
        { Risc + "opt-out-effective", new { } },
        { Risc + "recovery-activated", new { } },
    };

    [Theory]
    [MemberData(nameof(Ignored))]
    public async Task What_changes_nothing_here_is_accepted_and_changes_nothing(string type, object details)
    {
        var cookie = await SignInAsync(issuedAt: Now - 100);
        Realm.Refreshes.Clear();

        await AcceptAsync(Event(type, details, ("sub_id", Person())));

        Assert.Equal(HttpStatusCode.OK, await LookAsync(cookie));
        Assert.Empty(Realm.Refreshes);
        Assert.Empty(await AuditAsync(Username));
    }

    [Theory]
    [InlineData("update")]
    [InlineData("revoke")]
    [InlineData("delete")]
    public async Task A_changed_credential_ends_what_was_begun_before_it_and_lets_the_rest_be(string change)
    {
        var at = Now - 50;
        var before = await SignInAsync(issuedAt: at - 1);
        // Signs in with the new one, within the second.
        var with = await SignInAsync(session: $"with-{Session}", issuedAt: at);

        await AcceptAsync(Event(
            Caep + "credential-change",
            new { event_timestamp = at, credential_type = "password", change_type = change, kc_credential_type = "password" },
            ("sub_id", Person())));

        Assert.Equal(HttpStatusCode.Unauthorized, await LookAsync(before));
        Assert.Equal(HttpStatusCode.OK, await LookAsync(with));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(Token(session: "s", issuedAt: at - 1)));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(Token(session: "s", issuedAt: at)));
        Assert.Equal(["Keycloak service account end-sessions credential-change"], await AuditAsync(Username));
        // Keycloak goes by its own rules.
        Assert.Empty(await QueuedAsync());
    }

    [Theory]
    [InlineData("RefreshSessions", 1)]
    [InlineData("None", 0)]
    public async Task What_a_changed_credential_does_is_a_setting(string setting, int refreshes)
    {
        var cookie = await SignInAsync(issuedAt: Now - 100);
        await using var other = Realm.StartAnother(("SharedSignals:CredentialChange", setting));
        using var client = other.NewClient();
        Realm.Refreshes.Clear();

        await AcceptAsync(
            Event(Caep + "credential-change", new { credential_type = "password", change_type = "update" }, ("sub_id", Person())), client);

        Assert.Equal(HttpStatusCode.OK, await LookAsync(cookie, client));
        Assert.Equal(refreshes, Realm.Refreshes.Count);
    }

    public static TheoryData<string, object> Refreshing => new()
    {
        { Caep + "token-claims-change", new { claims = new { role = "ro-admin" } } },
        { Caep + "assurance-level-change", new { @namespace = "NIST-AAL", current_level = "nist-aal1", previous_level = "nist-aal2" } },
        { Risc + "identifier-changed", new Dictionary<string, object> { ["new-value"] = "new@example.com" } },
        { Risc + "identifier-recycled", new { } },
    };

    [Theory]
    [MemberData(nameof(Refreshing))]
    public async Task What_may_have_changed_of_somebody_is_asked_for_at_the_next_request(string type, object details)
    {
        var cookie = await SignInAsync();
        Assert.Equal(HttpStatusCode.OK, await LookAsync(cookie));
        Realm.Refreshes.Clear();

        await AcceptAsync(Event(type, details, ("sub_id", Person())));

        Assert.Equal(HttpStatusCode.OK, await LookAsync(cookie));
        Assert.Single(Realm.Refreshes);
        Assert.Equal([$"Keycloak service account refresh-sessions {type[(type.LastIndexOf('/') + 1)..]}"], await AuditAsync(Username));
        // And where Keycloak goes on with it no longer, it has ended.
        await AcceptAsync(Event(type, details, ("sub_id", Complex(Person(), Opaque(Session)))));
        Realm.RefuseRefresh = () => Microsoft.AspNetCore.Http.Results.Json(new { error = "invalid_grant" }, statusCode: 400);
        Assert.Equal(HttpStatusCode.Unauthorized, await LookAsync(cookie));
    }

    [Fact]
    public async Task Whom_an_event_is_about_may_be_said_in_every_way_that_leads_to_somebody()
    {
        var email = $"{Subject}@Example.com";
        await CheckAsync(() => Person());
        await CheckAsync(() => new Dictionary<string, object> { ["format"] = "email", ["email"] = email.ToLowerInvariant() });
        await CheckAsync(() => Complex(Person()));
        await CheckAsync(() => Complex(Opaque(Subject), tenant: Opaque("acme")));
        await CheckAsync(() => new Dictionary<string, object>
        {
            ["format"] = "aliases",
            ["identifiers"] = new object[]
            {
                new Dictionary<string, object> { ["format"] = "phone_number", ["phone_number"] = "+15555550100" }, Person(),
            },
        });
        // As drafts had it, and Keycloak's profile SSE_CAEP has it still.
        await CheckAsync(() => null, new { subject = new { user = Person() } });
        await CheckAsync(() => null, new { subject = new { subject_type = "iss-sub", iss = Realm.Issuer, sub = Subject } });

        async Task CheckAsync(Func<object?> subject, object? details = null)
        {
            var session = Guid.NewGuid().ToString();
            var cookie = await SignInAsync(session: session, email: email);
            await AcceptAsync(Event(Risc + "account-disabled", details ?? new { }, ("sub_id", subject())));
            Assert.Equal(HttpStatusCode.Unauthorized, await LookAsync(cookie));
        }
    }

    [Fact]
    public async Task The_session_of_an_event_may_be_said_in_every_way_too()
    {
        await CheckAsync(session => Opaque(session));
        await CheckAsync(session => Complex(null, Opaque(session)));
        await CheckAsync(session => Complex(
            new Dictionary<string, object> { ["format"] = "email", ["email"] = "of-before@example.com" }, Opaque(session)));
        await CheckAsync(session => Complex(Person(), Opaque(session), Opaque("acme")));

        async Task CheckAsync(Func<string, object> subject)
        {
            var session = Guid.NewGuid().ToString();
            var (cookie, other) = (await SignInAsync(session: session), await SignInAsync(session: $"other-{session}"));
            await AcceptAsync(Event(Caep + "session-revoked", new { }, ("sub_id", subject(session))));
            Assert.Equal(HttpStatusCode.Unauthorized, await LookAsync(cookie));
            Assert.Equal(HttpStatusCode.OK, await LookAsync(other));
        }
    }

    [Fact]
    public async Task Whoever_is_not_known_under_a_name_is_nobody_here()
    {
        var cookie = await SignInAsync(email: "known@example.com");
        foreach (var subject in (object[])
        [
            Person(issuer: "https://other.example.com"), Person(subject: Subject.ToUpperInvariant()),
            new Dictionary<string, object> { ["format"] = "email", ["email"] = "%@example.com" },
            new Dictionary<string, object> { ["format"] = "uri", ["uri"] = $"urn:{Subject}" },
            new Dictionary<string, object> { ["format"] = "did", ["url"] = "did:example:123" },
            new Dictionary<string, object> { ["format"] = "somebodys-own", ["x"] = new[] { 1 } },
            Opaque(new string('x', 300)), Opaque("nul\0"), Complex(null, tenant: Opaque(Subject)),
        ])
        {
            await AcceptAsync(Event(Risc + "account-disabled", new { }, ("sub_id", subject)));
        }

        Assert.Equal(HttpStatusCode.OK, await LookAsync(cookie));
        Assert.Empty(await AuditAsync(Username));
    }

    [Fact]
    public async Task A_session_of_somebody_else_is_not_ended()
    {
        var cookie = await SignInAsync();

        var description = await AssertRefusedAsync(
            await PushAsync(Revoked(("sub_id", Complex(Person(Guid.NewGuid().ToString()), Opaque(Session))))), "invalid_request");

        Assert.Contains("another subject", description, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await LookAsync(cookie));
    }

    [Fact]
    public async Task Every_instance_knows_at_once_and_none_acts_on_an_event_again()
    {
        await using var other = Realm.StartAnother();
        using var client = other.NewClient();
        var cookie = await SignInAsync();
        var token = Token();
        Assert.Equal(HttpStatusCode.OK, await LookAsync(cookie, client));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(token, client));
        var revoked = Event(Caep + "session-revoked", new { }, ("sub_id", Person()));

        // The same one at both at once.
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => PushAsync(revoked, i % 2 == 0 ? client : null)));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode));
        Assert.Equal(HttpStatusCode.Unauthorized, await LookAsync(cookie, client));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(token, client));
        Assert.Equal(HttpStatusCode.Unauthorized, await LookAsync(cookie));
        Assert.Single(await AuditAsync(Username));

        // An instance that starts later has it from the database.
        await using var later = Realm.StartAnother();
        using var latest = later.NewClient();
        var again = await SignInAsync(session: $"again-{Session}");
        await AcceptAsync(revoked, latest);
        Assert.Equal(HttpStatusCode.OK, await LookAsync(again, latest));
    }

    [Fact]
    public async Task What_is_kept_of_events_goes_when_none_would_be_taken_again()
    {
        await AcceptAsync(Revoked());
        var database = Realm.Services.GetRequiredService<Database>();
        await database.WriteAsync(
            "UPDATE security_events SET keep_until = @past", new { past = DateTimeOffset.UtcNow - TimeSpan.FromSeconds(1) }, Cancel);

        await AcceptAsync(Revoked());

        await using var connection = await database.OpenAsync(Cancel);
        Assert.Equal(1, await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM security_events"));
    }

    private async Task<string[]> QueuedAsync()
    {
        await using var connection = await Realm.Services.GetRequiredService<Database>().OpenAsync(Cancel);
        return [.. await connection.QueryAsync<string>("SELECT issuer FROM realm_logouts")];
    }
}

public sealed class EventEffectsTests(RealmWithEvents place) : EventEffectsContract(place), IClassFixture<RealmWithEvents>;

public sealed class EventEffectsOnPostgreSqlTests(RealmWithEventsOnPostgreSql place)
    : EventEffectsContract(place), IClassFixture<RealmWithEventsOnPostgreSql>;
