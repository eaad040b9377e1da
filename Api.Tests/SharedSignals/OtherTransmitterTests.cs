using System.Net;
using Api.Tests.Infrastructure;

namespace Api.Tests.SharedSignals;

/// <summary>Events of somebody else than the realm, who is known by metadata and keys of its own.</summary>
public sealed class OtherTransmitterTests(RealmWithEvents place) : SignalTests(place), IClassFixture<RealmWithEvents>
{
    [Fact]
    public async Task Its_events_count_and_Keycloak_is_told_what_they_have_ended()
    {
        await using var transmitter = await EventTransmitter.StartAsync();
        await using var instance = Start(transmitter);
        using var client = instance.NewClient();
        var cookie = await SignInAsync();
        Realm.Ended.Clear();

        await AcceptAsync(Foreign(transmitter), client);

        Assert.Equal(HttpStatusCode.Unauthorized, await LookAsync(cookie));
        // Its session would let the browser in again without a question.
        await WaitAsync(() => !Realm.Ended.IsEmpty);
        Assert.Equal(["127.0.0.1 service account end-sessions account-disabled"], await AuditAsync($"person-{Subject}"));
    }

    [Fact]
    public async Task Neither_the_realm_nor_anybody_elses_key_speaks_for_it()
    {
        await using var transmitter = await EventTransmitter.StartAsync();
        await using var instance = Start(transmitter);
        using var client = instance.NewClient();
        var token = Token();

        await AssertRefusedAsync(await PushAsync(Revoked(), client), "invalid_issuer");
        await AssertRefusedAsync(await PushAsync(Revoked(("iss", transmitter.Issuer)), client), "invalid_key");
        await AssertRefusedAsync(await PushAsync(Foreign(transmitter)), "invalid_issuer");
        // Whoever is somebody there is nobody here.
        await AcceptAsync(Foreign(transmitter, ("sub_id", Person(issuer: transmitter.Issuer))), client);

        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));
    }

    [Fact]
    public async Task A_critical_member_that_is_not_understood_lets_the_event_do_nothing()
    {
        await using var transmitter = await EventTransmitter.StartAsync();
        transmitter.CriticalMembers = ["user", "tenant"];
        await using var instance = Start(transmitter);
        using var client = instance.NewClient();
        var token = Token();

        await AcceptAsync(Foreign(transmitter, ("sub_id", Complex(Person(), tenant: Opaque("other")))), client);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(token));
        Assert.Contains("the critical member tenant", instance.Log, StringComparison.Ordinal);

        await AcceptAsync(Foreign(transmitter, ("sub_id", Complex(Person()))), client);
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(token));
    }

    [Fact]
    public async Task Metadata_of_another_issuer_are_not_believed()
    {
        await using var transmitter = await EventTransmitter.StartAsync();
        transmitter.ClaimedIssuer = "https://else.example.com";
        await using var instance = Start(transmitter);
        using var client = instance.NewClient();

        var problem = await AssertProblemAsync(await PushAsync(Foreign(transmitter), client), 503, "unavailable");

        Assert.Contains("SharedSignals:Issuer", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        transmitter.ClaimedIssuer = null;
        // After an outage it is asked again.
        await WaitAsync(async () => (await PushAsync(Foreign(transmitter), client)).StatusCode == HttpStatusCode.Accepted);
    }

    private string Foreign(EventTransmitter transmitter, params (string Name, object? Value)[] changes)
    {
        Realm.Key = transmitter.Key;
        try
        {
            return Event(Risc + "account-disabled", new { }, [("iss", transmitter.Issuer), ("sub_id", Person()), .. changes]);
        }
        finally
        {
            Realm.ResetKeys();
        }
    }

    private ApiVariant Start(EventTransmitter transmitter) => Realm.StartAnother(("SharedSignals:Issuer", transmitter.Issuer));
}
