namespace KeycloakRealm.Flows;

/// <summary>A condition that cannot be evaluated. It ends in a <see cref="Failed"/>.</summary>
internal sealed class FlowException : Exception
{
    public FlowException(FlowFailure failure) => Failure = failure;

    public FlowException()
    {
    }

    public FlowException(string message)
        : base(message)
    {
    }

    public FlowException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public FlowFailure Failure { get; }
}
