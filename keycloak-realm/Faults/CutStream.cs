namespace KeycloakRealm.Faults;

/// <summary>
/// Fails after the first bytes of a body: Kestrel sends these and closes. Aborting could discard bytes that are not read yet.
/// </summary>
internal sealed class CutStream(Stream body, int bytes) : Stream
{
    private int _left = bytes;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var sent = Math.Min(buffer.Length, _left);
        _left -= sent;
        await body.WriteAsync(buffer[..sent], cancellationToken);
        if (sent < buffer.Length)
        {
            await body.FlushAsync(cancellationToken);
            throw new CutException();
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => body.FlushAsync(cancellationToken);

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}

/// <summary>An injected fault, not an error of the realm.</summary>
internal sealed class CutException : IOException
{
    public CutException()
    {
    }

    public CutException(string message)
        : base(message)
    {
    }

    public CutException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>Keeps injected faults out of the log.</summary>
internal sealed class LoggerWithoutCuts(ILogger logger) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => logger.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => logger.IsEnabled(logLevel);

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (exception is not CutException)
        {
            logger.Log(logLevel, eventId, state, exception, formatter);
        }
    }
}
